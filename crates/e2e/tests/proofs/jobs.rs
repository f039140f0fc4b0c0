//! Files of contacts brought in and segments tagged over REST, with workers that end in the middle.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::house::{House, PATIENCE};

const BOUNDARY: &str = "frontera-de-la-prueba";

/// A form with one field that holds a file.
fn form(field: &str, text: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"norte.csv\"\r\n\
         content-type: text/csv\r\n\r\n"
    );
    [head.as_bytes(), text, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat()
}

impl House {
    async fn upload(&self, token: &str, form: Vec<u8>, key: Option<&str>) -> (StatusCode, Value) {
        let mut request = reqwest::Client::new()
            .post(format!("{}/api/v1/contacts/imports", self.stack.api_url))
            .bearer_auth(token)
            .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
            .body(form);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// Waits until `is_enough` of a job.
    async fn job_until(&self, id: &str, is_enough: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let job = self.admin.must(200, Method::GET, &format!("/jobs/{id}"), None).await.unwrap();
            if is_enough(&job) {
                return job;
            }
            assert!(started.elapsed() < PATIENCE, "{job}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn job_rows_until(&self, state: &str, rows: i64) {
        let count = "SELECT count(*) FROM jobs WHERE state = $1";
        let started = Instant::now();
        while self.database.query_one(count, &[&state]).await.unwrap().get::<_, i64>(0) != rows {
            assert!(started.elapsed() < PATIENCE, "not {rows} {state}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn nothing_is_uploading(&self) {
        self.job_rows_until("uploading", 0).await;
    }

    async fn job_ended(&self, id: &str) -> Value {
        self.job_until(id, |job| job["finished_at"] != Value::Null).await
    }
}

#[tokio::test]
async fn a_file_of_contacts_is_brought_in_and_what_was_refused_is_mended_and_sent_again() {
    let house = House::with_contacts(3).await;
    house.somebody("operator").await;
    house.somebody("viewer").await;
    let token = house.token("operator").await;
    let file = "Teléfono;Nombre;Estado;Nota\n55 9000 0001;ANA;JAL;x\n5510000001;YA ESTÁ;;\n+52 55 9000 0001;OTRA;;\n\
                =1+1;=SUMA;;=2\n8190000001;\"LEÓN; JUAN\";NUEVO LEÓN;\n";
    let (status, job) = house.upload(&token, form("file", file.as_bytes()), Some("uno")).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{job}");
    let id = job["id"].as_str().unwrap();
    let (_, again) = house.upload(&token, form("file", file.as_bytes()), Some("uno")).await;
    assert_eq!(again["id"], job["id"]);
    let (status, _) = house.upload(&token, form("file", b"phone\n5590000009\n"), Some("uno")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);

    let ended = house.job_ended(id).await;
    assert_eq!((&ended["state"], &ended["percent"]), (&json!("completed"), &json!(100.0)));
    let import = &ended["import"];
    let counts = ["rows", "rows_read", "imported", "duplicates", "rejected"]
        .map(|name| import[name].as_i64().unwrap());
    assert_eq!(counts, [5, 5, 2, 2, 1]);
    assert_eq!((&import["file_name"], &import["ignored_columns"]), (&json!("norte.csv"), &json!(["Nota"])));
    let found = house.admin.must(200, Method::GET, "/contacts/search?q=8190000001", None).await.unwrap();
    assert_eq!(found["data"][0]["full_name"], "LEÓN; JUAN");
    assert_eq!(found["data"][0]["state_code"], "NLE");

    let rejects = house.send(&token, Method::GET, &format!("/jobs/{id}/rejects"), &[], None).await;
    assert_eq!(rejects.headers()["cache-control"], "no-store");
    let rejects = rejects.text().await.unwrap();
    let lines: Vec<&str> = rejects.lines().collect();
    assert_eq!(lines[0], "line,reason,detail,Teléfono,Nombre,Estado,Nota");
    assert!(
        lines[1].starts_with("3,duplicate_existing,") && lines[1].ends_with(",5510000001,YA ESTÁ,,"),
        "{}",
        lines[1]
    );
    assert!(lines[2].starts_with("4,duplicate,"), "{}", lines[2]);
    assert!(lines[3].starts_with("5,") && lines[3].contains(",'=1+1,'=SUMA,,'=2"), "{}", lines[3]);
    let mended = rejects.replace("'=1+1", "5590000002");
    let utf16: Vec<u8> =
        [0xfeff].into_iter().chain(mended.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let (status, job) = house.upload(&token, form("file", &utf16), None).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{job}");
    let ended = house.job_ended(job["id"].as_str().unwrap()).await;
    assert_eq!((&ended["import"]["imported"], &ended["import"]["duplicates"]), (&json!(1), &json!(2)));
    // What was made no formula for a spreadsheet is what it was again.
    let found = house.admin.must(200, Method::GET, "/contacts/search?q=5590000002", None).await.unwrap();
    assert_eq!(found["data"][0]["full_name"], "=SUMA");

    let viewer = house.token("viewer").await;
    for (token, body, status, pointer) in [
        (&viewer, form("file", file.as_bytes()), StatusCode::FORBIDDEN, None),
        (&token, form("archivo", file.as_bytes()), StatusCode::UNPROCESSABLE_ENTITY, Some("")),
        (&token, form("file", b""), StatusCode::UNPROCESSABLE_ENTITY, Some("/file")),
        (&token, form("file", b"nombre\nANA\n"), StatusCode::UNPROCESSABLE_ENTITY, Some("/file")),
        (&token, form("file", b"5590000003\n5590000004\n"), StatusCode::UNPROCESSABLE_ENTITY, Some("/file")),
        (&token, form("file", b"telefono\n"), StatusCode::UNPROCESSABLE_ENTITY, Some("/file")),
        (&token, form("file", b"PK\x03\x04xlsx"), StatusCode::UNPROCESSABLE_ENTITY, Some("/file")),
        (&token, format!("--{BOUNDARY}--\r\n").into_bytes(), StatusCode::UNPROCESSABLE_ENTITY, Some("/file")),
        (&token, b"phone\n5590000003\n".to_vec(), StatusCode::BAD_REQUEST, None),
    ] {
        let (answered, problem) = house.upload(token, body, None).await;
        assert_eq!(answered, status, "{problem}");
        if let Some(pointer) = pointer {
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        }
    }
    let open_quote = format!("phone,name\n5590000005,\"ANA\n{}", "5590000006,BETO\n".repeat(5_000));
    let (answered, problem) = house.upload(&token, form("file", open_quote.as_bytes()), None).await;
    assert_eq!(answered, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("line 2"), "{problem}");
    let (answered, problem) = house.upload(&token, form("file", b"phone\n5590000007\n"), Some("un o")).await;
    assert_eq!(answered, StatusCode::BAD_REQUEST, "{problem}");
    for odd in ["/contacts?city=%00", "/contacts/search?q=maria&city=%00"] {
        house.admin.must(400, Method::GET, odd, None).await.unwrap();
    }
    let no_form = house.admin.ask(Method::POST, "/contacts/imports", Some(&json!({}))).await.unwrap();
    assert_eq!(no_form.0, 415, "{}", no_form.1);
    let jobs = house.admin.must(200, Method::GET, "/jobs", None).await.unwrap();
    assert_eq!(jobs["data"].as_array().unwrap().len(), 2);
    house.nothing_is_uploading().await;
    // Nor is one left whose sender went away.
    let url = house.stack.api_url.trim_start_matches("http://").to_owned();
    let mut half = tokio::net::TcpStream::connect(&url).await.unwrap();
    let head = format!(
        "POST /api/v1/contacts/imports HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 900000\r\n\
         content-type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    );
    let part = form("file", "phone\n5590000008\n".repeat(30_000).as_bytes());
    half.write_all(head.as_bytes()).await.unwrap();
    half.write_all(&part[..400_000]).await.unwrap();
    house.job_rows_until("uploading", 1).await;
    half.set_zero_linger().unwrap();
    drop(half);
    house.nothing_is_uploading().await;
}

#[tokio::test]
async fn a_file_is_brought_in_once_and_whole_whatever_ends_in_the_middle() {
    const LINES: u32 = 6_000;
    let mut house = House::with_contacts(3).await;
    let token = house.token("admin").await;
    let mut file = "phone,name\n".to_owned();
    for n in 0..LINES {
        // Every tenth number comes twice, and every hundredth line is no contact.
        let number = if n % 10 == 9 { n - 9 } else { n };
        let phone = if n % 100 == 50 { "hola".to_owned() } else { format!("55{:08}", 20_000_000 + number) };
        writeln!(file, "{phone},PERSONA {n}").unwrap();
    }
    let (status, job) = house.upload(&token, form("file", file.as_bytes()), None).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{job}");
    let id = job["id"].as_str().unwrap().to_owned();
    let read = |job: &Value| job["import"]["rows_read"].as_i64().unwrap();
    house.job_until(&id, |job| read(job) > 0).await;
    house.stack.kill_worker().await.unwrap();
    house.stack.add_worker().unwrap();
    let before = house.job_until(&id, |_| true).await;
    house.job_until(&id, |job| read(job) > read(&before)).await;
    assert!(house.stack.end_worker().await.unwrap());
    // Its job was given back, not lost.
    let free = "SELECT count(*) FROM jobs WHERE leased_until <= now() OR state = 'completed'";
    assert_eq!(house.database.query_one(free, &[]).await.unwrap().get::<_, i64>(0), 1);
    house.stack.add_worker().unwrap();
    let ended = house.job_ended(&id).await;
    let counts = ["rows_read", "imported", "duplicates", "rejected"]
        .map(|name| ended["import"][name].as_i64().unwrap());
    // One line in a hundred is the second of one that is no contact, and so the first.
    assert_eq!(counts, [6_000, 5_400, 540, 60], "{ended}");
    let kept = "SELECT (SELECT count(*) FROM contacts WHERE source = 'csv'), (SELECT count(*) FROM job_refused_lines),
                       (SELECT count(DISTINCT line) FROM job_refused_lines), (SELECT count(*) FROM job_parts)";
    let kept = house.database.query_one(kept, &[]).await.unwrap();
    let kept: Vec<i64> = (0..4).map(|at| kept.get(at)).collect();
    assert_eq!(kept, [5_400, 600, 600, 0]);
}

#[tokio::test]
async fn a_segment_is_tagged_by_a_worker_and_a_job_can_be_canceled() {
    let mut house = House::with_contacts(2_500).await;
    let segment = json!({"field": "state", "op": "eq", "value": "JAL"});
    let order = json!({"segment": segment, "add": ["Promo 7"], "remove": ["viejo"]});
    let job = house.admin.must(202, Method::POST, "/contacts/tags", Some(&order)).await.unwrap();
    let ended = house.job_ended(job["id"].as_str().unwrap()).await;
    assert_eq!((&ended["state"], &ended["kind"]), (&json!("completed"), &json!("contact_tagging")));
    assert_eq!(
        (&ended["tagging"]["matched"], &ended["tagging"]["tags_added"]),
        (&json!(2_500), &json!(2_500))
    );
    let by_tag = json!({"definition": {"field": "tag", "op": "eq", "value": "promo 7"}});
    let counted = house.admin.must(200, Method::POST, "/segments/preview", Some(&by_tag)).await.unwrap();
    assert_eq!(counted["total"], json!({"value": 2_500, "relation": "exact"}));
    house
        .admin
        .must(404, Method::GET, &format!("/jobs/{}/rejects", job["id"].as_str().unwrap()), None)
        .await
        .unwrap();

    assert!(house.stack.end_worker().await.unwrap());
    let waits = house.admin.must(202, Method::POST, "/contacts/tags", Some(&order)).await.unwrap();
    let cancel = format!("/jobs/{}/cancel", waits["id"].as_str().unwrap());
    let canceled = house.admin.must(200, Method::POST, &cancel, None).await.unwrap();
    assert_eq!(canceled["state"], "canceled");
    house.admin.must(409, Method::POST, &cancel, None).await.unwrap();
    for (wrong, pointer) in [
        (json!({"segment": segment}), "/add"),
        (json!({"segment": segment, "add": ["a"], "remove": ["A"]}), "/add"),
        (json!({"segment": segment, "add": ["bien", "<b>"]}), "/add/1"),
        (json!({"add": ["a"]}), "/segment"),
        (json!({"segment": {"field": "x", "op": "eq", "value": 1}, "add": ["a"]}), "/segment/field"),
        (json!({"segment_id": "01900000-0000-7000-8000-000000000000", "add": ["a"]}), "/segment_id"),
    ] {
        let refused = house.admin.must(422, Method::POST, "/contacts/tags", Some(&wrong)).await.unwrap();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    let none = "/jobs/01900000-0000-7000-8000-000000000000";
    house.admin.must(404, Method::GET, none, None).await.unwrap();
    house.admin.must(404, Method::POST, &format!("{none}/cancel"), None).await.unwrap();
    house.admin.must(404, Method::GET, &format!("{none}/rejects"), None).await.unwrap();
}

#[tokio::test]
async fn extracts_and_audiences_are_in_the_list_of_jobs_and_are_not_ended_there() {
    let house = House::with_contacts(300).await;
    house.deliver_everything().await;
    let campaign = house.launch(1_000.0).await;
    house.until_delivered(&campaign, 300).await;
    let extract = json!({"segment": {"all": []}, "count": 5, "format": "csv"});
    let extract = house.admin.must(201, Method::POST, "/extracts", Some(&extract)).await.unwrap();
    let extract = extract["id"].as_str().unwrap();
    let tags = json!({"segment": {"all": []}, "add": ["todos"]});
    let job = house.admin.must(202, Method::POST, "/contacts/tags", Some(&tags)).await.unwrap();
    let job = job["id"].as_str().unwrap();

    let mut listed = Vec::new();
    let mut path = "/jobs?limit=1".to_owned();
    loop {
        let page = house.admin.must(200, Method::GET, &path, None).await.unwrap();
        let of = |name: &str| page["data"][0][name].as_str().map(str::to_owned);
        listed.extend(of("kind").zip(of("id")));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/jobs?limit=1&cursor={cursor}");
    }
    let expected = [("contact_tagging", job), ("extract", extract), ("audience", campaign.as_str())];
    assert_eq!(listed, expected.map(|(kind, id)| (kind.to_owned(), id.to_owned())));

    let audience = house.admin.must(200, Method::GET, &format!("/jobs/{campaign}"), None).await.unwrap();
    assert_eq!((&audience["state"], &audience["audience"]["messages"]), (&json!("completed"), &json!(300)));
    assert_eq!(audience["result"], json!(format!("/api/v1/campaigns/{campaign}")));
    let operator = house.somebody("operator").await;
    for (id, status) in [(campaign.as_str(), 409), (extract, 404)] {
        operator.must(status, Method::POST, &format!("/jobs/{id}/cancel"), None).await.unwrap();
    }
    house.admin.must(409, Method::POST, &format!("/jobs/{extract}/cancel"), None).await.unwrap();
    operator.must(404, Method::GET, &format!("/jobs/{extract}"), None).await.unwrap();
    let draft = house.admin.draft("Otra", &json!({"all": []}), 10).await.unwrap();
    house.admin.must(404, Method::GET, &format!("/jobs/{draft}"), None).await.unwrap();
}
