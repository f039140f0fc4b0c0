//! The product's REST API, in the words of somebody who uses it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::{Value, json};

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    /// Signs in.
    ///
    /// # Errors
    /// When the api does not answer, or refuses.
    pub async fn sign_in(api_url: &str, email: &str, password: &str) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?;
        let base = format!("{api_url}/api/v1");
        let answer = http
            .post(format!("{base}/auth/login"))
            .json(&json!({"email": email, "password": password}))
            .send()
            .await
            .context("the api does not answer")?;
        let status = answer.status();
        let body: Value = answer.json().await?;
        let token =
            body["access_token"].as_str().with_context(|| format!("signing in was answered {status}"))?;
        Ok(Self { http, base, token: token.to_owned() })
    }

    /// What shows who they are.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The same person, asking another api of the same installation.
    #[must_use]
    pub fn at(&self, api_url: &str) -> Self {
        Self { base: format!("{api_url}/api/v1"), ..self.clone() }
    }

    /// Makes a request and returns status and body; `null` when there is none.
    ///
    /// # Errors
    /// When the api does not answer.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        self.ask_once(method, path, body, None).await
    }

    /// The same, with an Idempotency-Key.
    ///
    /// # Errors
    /// When the api does not answer.
    pub async fn ask_once(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<(u16, Value)> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = request.send().await.context("the api does not answer")?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await?;
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
        Ok((status, body))
    }

    /// What it shows to be let in: the value of the header `authorization`.
    #[must_use]
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// A request to be made, with headers or a patience of its own.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// Makes a request that must be answered with `status`.
    ///
    /// # Errors
    /// When it is answered otherwise.
    pub async fn must(&self, status: u16, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let (answered, body) = self.ask(method.clone(), path, body).await?;
        if answered != status {
            bail!("{method} {path} was answered {answered}: {body}");
        }
        Ok(body)
    }

    /// Adds a sender that sends `rate_per_s` messages a second, and returns its id.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn add_sender(&self, name: &str, rate_per_s: f64) -> Result<String> {
        let sender = json!({
            "name": name, "kind": "alphanumeric", "value": "PREGON", "rate_per_s": rate_per_s,
            "price_micros_per_segment": 285_000,
            "identity": {
                "brand": "Tienda de Ejemplo", "address": "Calle Falsa 123, Ciudad de México", "phone": "+525500000000",
                "email": "hola@tienda.example", "opt_out_text": "Responde ALTO para no recibir más"
            }
        });
        id(&self.must(201, Method::POST, "/senders", Some(&sender)).await?)
    }

    /// Drafts a campaign from the only sender to `segment` of at most `messages_max` messages, and returns its id.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn draft(&self, name: &str, segment: &Value, messages_max: u64) -> Result<String> {
        id(&self.must(201, Method::POST, "/campaigns", Some(&draft(name, segment, messages_max))).await?)
    }

    /// Drafts one of this priority from this sender.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn draft_from(
        &self,
        sender: &str,
        priority: &str,
        segment: &Value,
        messages_max: u64,
    ) -> Result<String> {
        let mut campaign = draft("Medida", segment, messages_max);
        campaign["sender_id"] = json!(sender);
        campaign["priority"] = json!(priority);
        id(&self.must(201, Method::POST, "/campaigns", Some(&campaign)).await?)
    }

    /// Launches a campaign.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn launch(&self, id: &str) -> Result<Value> {
        self.must(202, Method::POST, &format!("/campaigns/{id}/launch"), None).await
    }

    /// How far a campaign is.
    ///
    /// # Errors
    /// When the api does not tell.
    pub async fn progress(&self, id: &str) -> Result<Value> {
        self.must(200, Method::GET, &format!("/campaigns/{id}/progress"), None).await
    }

    /// Waits until `is_enough` of a campaign's progress; an api that is away for a moment is asked again.
    ///
    /// # Errors
    /// When that takes longer than `patience`.
    pub async fn until(
        &self,
        id: &str,
        patience: Duration,
        mut is_enough: impl FnMut(&Value) -> bool,
    ) -> Result<Value> {
        let started = Instant::now();
        let mut last = Value::Null;
        while started.elapsed() < patience {
            if let Ok(progress) = self.progress(id).await {
                if is_enough(&progress) {
                    return Ok(progress);
                }
                last = progress;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("after {patience:?} the campaign is only here: {last}")
    }
}

fn id(created: &Value) -> Result<String> {
    Ok(created["id"].as_str().context("what was created has no id")?.to_owned())
}

fn draft(name: &str, segment: &Value, messages_max: u64) -> Value {
    json!({
        "name": name,
        "message": {
            "template": "Hola {{ first_name | title | default(\"qué tal\") }}: hoy 20% de promoción en {{ city | title | \
                         default(\"tu ciudad\") }}. Responde ALTO para no recibir más.",
            "transliterate": true
        },
        "segment": segment,
        // The plan of the demo covers few numbers.
        "allow_unknown_line_type": true,
        "limits": {"max_messages": messages_max}
    })
}
