//! Free ports of 127.0.0.1, outside the range from which the kernel serves outgoing connections.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::failure::Failure;
use crate::random;

const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;
const ATTEMPTS_MAX: u16 = 200;

/// Picks a free port that is none of `taken`.
pub(crate) fn pick(taken: &[u16]) -> Result<u16, Failure> {
    for _ in 0..ATTEMPTS_MAX {
        let port = FIRST + u16::from_le_bytes(random::bytes()?) % COUNT;
        if !taken.contains(&port) && is_free(port) {
            return Ok(port);
        }
    }
    Err(Failure::unavailable(format!(
        "no free port found on 127.0.0.1 between {FIRST} and {}",
        FIRST + COUNT - 1
    )))
}

/// Whether a server could listen on this port now.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Connects to a local server; reads and writes give up after `patience`.
pub(crate) fn connect(port: u16, patience: Duration) -> Result<TcpStream, String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, patience)
        .map_err(|error| format!("no connection to {address}: {error}"))?;
    stream
        .set_read_timeout(Some(patience))
        .and_then(|()| stream.set_write_timeout(Some(patience)))
        .map_err(|error| error.to_string())?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::{is_free, pick};
    use std::net::TcpListener;

    #[test]
    fn a_port_that_somebody_listens_on_is_not_free() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(!is_free(listener.local_addr().unwrap().port()));
    }

    #[test]
    fn a_picked_port_is_outside_the_range_of_outgoing_connections() {
        let port = pick(&[]).unwrap();
        assert!((20_000..32_000).contains(&port));
    }
}
