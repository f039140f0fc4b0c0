//! Cuts connections, which a handler cannot do by answering: whatever it answers has a status.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;

/// A second handle on a connection's socket.
struct Line(TcpStream);

/// Keeps a handle on a new connection.
pub(crate) fn keep(io: &dyn Any, extensions: &mut Extensions) {
    let stream = io.downcast_ref::<actix_web::rt::net::TcpStream>();
    // Without a handle, for want of descriptors, a cut becomes an answer that the ledger knows of: nothing is lost.
    if let Some(Ok(handle)) = stream.map(|stream| stream.as_fd().try_clone_to_owned()) {
        extensions.insert(Line(TcpStream::from(handle)));
    }
}

/// Closes the connection of `request` both ways; what is answered afterwards goes nowhere.
pub(crate) fn cut(request: &HttpRequest) {
    if let Some(Line(stream)) = request.conn_data() {
        // It fails where the other side was faster, which comes to the same.
        let _ = stream.shutdown(Shutdown::Both);
    }
}
