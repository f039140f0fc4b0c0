//! Campaigns and jobs as they change.

use std::time::{Duration, Instant};

use e2e::Client;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, address};

/// What came over a stream.
#[derive(Debug, PartialEq)]
enum Said {
    Event(String, Value),
    Comment,
}

/// A stream that is read event by event.
struct Heard {
    answer: Response,
    read: String,
}

impl Heard {
    async fn listen(client: &Client, campaign: &str) -> Result<Self, (u16, Value)> {
        Self::listen_at(client, &format!("/campaigns/{campaign}/progress/stream")).await
    }

    async fn listen_at(client: &Client, path: &str) -> Result<Self, (u16, Value)> {
        let request = client.request(Method::GET, path);
        let answer = request.timeout(Duration::from_mins(3)).send().await.unwrap();
        if answer.status() != 200 {
            assert!(answer.status() != 503 || answer.headers().contains_key("retry-after"));
            return Err((answer.status().as_u16(), answer.json().await.unwrap()));
        }
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        Ok(Self { answer, read: String::new() })
    }

    /// What comes next; `None` when the stream has ended.
    async fn next(&mut self) -> Option<Said> {
        loop {
            if let Some((said, rest)) = self.read.split_once("\n\n") {
                let (said, rest) = (said.to_owned(), rest.to_owned());
                self.read = rest;
                let line =
                    |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                return Some(match line("event: ") {
                    Some(event) => {
                        Said::Event(event, serde_json::from_str(&line("data: ").unwrap()).unwrap())
                    }
                    None => Said::Comment,
                });
            }
            match self.answer.chunk().await {
                Ok(Some(chunk)) => self.read.push_str(std::str::from_utf8(&chunk).unwrap()),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    async fn progress(&mut self) -> Value {
        match self.next().await {
            Some(Said::Event(event, data)) if event == "progress" => data,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_stream_tells_of_every_change_and_ends_with_the_campaign() {
    let house = House::with_contacts(600).await;
    house.deliver_everything().await;
    let campaign = house.draft(100.0).await;
    let viewer = house.somebody("viewer").await;
    let mut heard = Heard::listen(&viewer, &campaign).await.unwrap_or_else(|refused| panic!("{refused:?}"));
    assert_eq!(heard.progress().await["state"], "draft", "what is so now comes at once");
    house.admin.launch(&campaign).await.unwrap();
    let launched = Instant::now();
    let first = heard.progress().await;
    assert!(launched.elapsed() < Duration::from_secs(5), "{:?}", launched.elapsed());
    assert_ne!(first["state"], "draft");
    let (mut changes, mut last, mut came_at) = (Vec::new(), first, Instant::now());
    loop {
        match heard.next().await {
            Some(Said::Event(event, data)) if event == "progress" => {
                let counts = data["counts"].as_object().unwrap().values().map(|n| n.as_u64().unwrap());
                assert_eq!(Some(counts.sum()), data["audience"].as_u64(), "{data}");
                assert_ne!(
                    (&data["state"], &data["counts"], &data["waiting"], &data["audience"]),
                    (&last["state"], &last["counts"], &last["waiting"], &last["audience"]),
                );
                changes.push(came_at.elapsed());
                (last, came_at) = (data, Instant::now());
            }
            Some(Said::Event(event, data)) => {
                assert_eq!((event.as_str(), data), ("end", json!({"state": "completed"})));
                break;
            }
            Some(Said::Comment) => {}
            None => panic!("the stream ended before its end"),
        }
    }
    assert!(changes.len() >= 3, "{changes:?}");
    // On a busy machine a receipt may come later than its message's deadline.
    assert_eq!(
        (&last["state"], &last["audience"], &last["counts"]["queued"]),
        (&json!("completed"), &json!(600), &json!(0))
    );
    assert_eq!(heard.next().await, None);
    // Of what is final there is the last word, and the end.
    let mut after = Heard::listen(&viewer, &campaign).await.unwrap_or_else(|refused| panic!("{refused:?}"));
    assert_eq!(after.progress().await["audience"], 600);
    assert_eq!(after.next().await, Some(Said::Event("end".to_owned(), json!({"state": "completed"}))));
    assert_eq!(after.next().await, None);
}

#[tokio::test]
async fn a_job_tells_how_far_it_is_until_it_is_done() {
    let mut house = House::with_contacts(600).await;
    assert!(house.stack.end_worker().await.unwrap());
    let tags = json!({"segment": {"all": []}, "add": ["todos"]});
    let job = house.admin.must(202, Method::POST, "/contacts/tags", Some(&tags)).await.unwrap();
    let path = format!("/jobs/{}/stream", job["id"].as_str().unwrap());
    let viewer = house.somebody("viewer").await;
    assert_eq!(Heard::listen_at(&viewer, &path).await.err().unwrap().0, 403);
    let mut heard =
        Heard::listen_at(&house.admin, &path).await.unwrap_or_else(|refused| panic!("{refused:?}"));
    let Some(Said::Event(event, first)) = heard.next().await else { panic!("nothing came at once") };
    assert_eq!((event.as_str(), &first["state"], &first["id"]), ("job", &json!("queued"), &job["id"]));
    house.stack.add_worker().unwrap();
    let mut last = first;
    loop {
        match heard.next().await {
            Some(Said::Event(event, data)) if event == "job" => {
                assert_ne!(data, last);
                last = data;
            }
            Some(Said::Event(event, data)) => {
                assert_eq!((event.as_str(), data), ("end", json!({"state": "completed"})));
                break;
            }
            Some(Said::Comment) => {}
            None => panic!("the stream ended before its end"),
        }
    }
    assert_eq!((&last["state"], &last["tagging"]["matched"]), (&json!("completed"), &json!(600)));
    assert_eq!(heard.next().await, None);
    let nobody = "/jobs/01900000-0000-7000-8000-000000000000/stream";
    assert_eq!(Heard::listen_at(&house.admin, nobody).await.err().unwrap().0, 404);
}

#[tokio::test]
async fn streams_are_bounded_and_end_with_their_listener_their_session_and_the_server() {
    let mut house = House::with_contacts(2_000).await;
    house.deliver_everything().await;
    let campaign = house.launch(20.0).await;
    house.until_queued(&campaign, 1_990).await;
    let viewer = house.somebody("viewer").await;
    let listen = async |client: &Client| Heard::listen(client, &campaign).await;
    let (one, two) = (listen(&viewer).await, listen(&viewer).await);
    let leaving = Client::sign_in(&house.stack.api_url, &address("viewer"), PASSWORD).await.unwrap();
    let mut three = listen(&leaving).await.unwrap_or_else(|refused| panic!("{refused:?}"));
    let Err((status, problem)) = listen(&viewer).await else { panic!("one too many was let in") };
    assert_eq!(status, 503, "{problem}");
    // Who leaves is told nothing more.
    leaving.must(204, Method::POST, "/auth/logout", None).await.unwrap();
    let left = Instant::now();
    while three.next().await.is_some() {}
    assert!(left.elapsed() < Duration::from_secs(10), "{:?}", left.elapsed());
    assert!(listen(&leaving).await.is_err_and(|(status, _)| status == 401));
    // Who goes away makes room.
    drop((one, two));
    let mut room = Vec::new();
    for _ in 0..600 {
        match listen(&viewer).await {
            Ok(heard) => room.push(heard),
            Err((status, _)) => assert_eq!(status, 503),
        }
        if room.len() == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(room.len(), 3, "who went away still takes room");
    let nowhere = "01900000-0000-7000-8000-000000000000";
    room.pop();
    for _ in 0..600 {
        match Heard::listen(&viewer, nowhere).await {
            Err((404, _)) => break,
            Err((status, _)) => assert_eq!(status, 503),
            Ok(_) => panic!("a stream of nothing"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // A server that is to end does not wait for those who listen.
    let asked = Instant::now();
    assert!(house.stack.end_api().await.unwrap());
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    for mut heard in room {
        while heard.next().await.is_some() {}
    }
}
