//! A wire that can be cut, and that can fall silent.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Passing,
    Silent,
    Severed,
}

/// Passes bytes between whoever connects and the server.
pub struct Proxy {
    url: String,
    mood: Arc<watch::Sender<Mood>>,
    cut: Arc<watch::Sender<u32>>,
}

impl Proxy {
    /// A proxy before the server of `url`, on a port of its own.
    pub async fn before(url: &str) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)), url).await
    }

    /// A proxy before the server of `url`, on a port that is free.
    pub async fn at(address: SocketAddr, url: &str) -> Self {
        let separator = if url.contains('@') { "@" } else { "://" };
        let (head, rest) = url.split_once(separator).unwrap();
        let (server, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let server = server.to_owned();
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mood = Arc::new(watch::Sender::new(Mood::Passing));
        let cut = Arc::new(watch::Sender::new(0));
        let proxy = Self {
            url: format!("{head}{separator}{address}{path}"),
            mood: Arc::clone(&mood),
            cut: Arc::clone(&cut),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *mood.borrow() == Mood::Severed {
                    continue;
                }
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                let mut cut = cut.subscribe();
                let mood = mood.subscribe();
                tokio::spawn(async move {
                    let (client_out, client_in) = client.into_split();
                    let (server_out, server_in) = server.into_split();
                    tokio::select! {
                        () = pass(client_out, server_in, mood.clone()) => {}
                        () = pass(server_out, client_in, mood) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        proxy
    }

    /// The server's URL, by way of the proxy.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Cuts every connection; new ones are passed.
    pub fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }

    /// Cuts every connection, and takes no new one until it resumes.
    pub fn sever(&self) {
        self.mood.send_replace(Mood::Severed);
        self.cut();
    }

    /// Takes everything and passes nothing, until it resumes.
    pub fn stall(&self) {
        self.mood.send_replace(Mood::Silent);
    }

    /// Passes what it took, and what comes.
    pub fn resume(&self) {
        self.mood.send_replace(Mood::Passing);
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut mood: watch::Receiver<Mood>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if mood.wait_for(|mood| *mood == Mood::Passing).await.is_err()
            || to.write_all(&buffer[..read]).await.is_err()
        {
            return;
        }
    }
}
