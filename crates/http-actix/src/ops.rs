//! The small port of a program that serves nothing else: health and metrics.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::health::{Checks, health, live, ready};
use crate::metrics::{Metrics, metrics};

/// Health and metrics, being served.
pub struct Ops {
    address: SocketAddr,
    handle: ServerHandle,
}

impl Ops {
    /// Serves health and metrics from now on.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub fn start(listen: &str, checks: Checks) -> io::Result<Self> {
        let listener = TcpListener::bind(listen)?;
        let address = listener.local_addr()?;
        let counted = Metrics::of_this_process();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(checks.clone()))
                .app_data(web::Data::new(counted.clone()))
                .service(live)
                .service(ready)
                .service(health)
                .service(metrics)
        })
        .workers(1)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { address, handle })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops serving.
    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}

/// Asks the program that listens on `address` whether it is ready.
///
/// # Errors
/// A few words on why it is not.
pub async fn is_ready(address: &str, within: Duration) -> Result<(), String> {
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET /health/ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).await?;
        io::Result::Ok(head)
    };
    match tokio::time::timeout(within, asked).await {
        Ok(Ok(head)) if head.ends_with(b" 200") => Ok(()),
        Ok(Ok(_)) => Err("a server that it needs is away".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} ms", within.as_millis())),
    }
}
