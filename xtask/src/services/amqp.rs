//! As much of AMQP 0-9-1 as it takes to know that a broker serves a user: connect, log in, open `/`, close.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::ports;

const PROTOCOL_HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";
const FRAME_METHOD: u8 = 1;
const FRAME_END: u8 = 0xCE;
const FRAME_BYTES_MAX: u32 = 131_072;

/// A method of the class `connection`, which is class 10.
#[derive(Clone, Copy)]
struct Method(u16);

const START: Method = Method(10);
const START_OK: Method = Method(11);
const TUNE: Method = Method(30);
const TUNE_OK: Method = Method(31);
const OPEN: Method = Method(40);
const OPEN_OK: Method = Method(41);
const CLOSE: Method = Method(50);
const CLOSE_OK: Method = Method(51);

/// Opens and closes a connection to the virtual host `/`.
pub(crate) fn open_and_close(port: u16, user: &str, password: &str) -> Result<(), String> {
    let mut stream = ports::connect(port, Duration::from_secs(10))?;
    stream
        .write_all(PROTOCOL_HEADER)
        .map_err(|error| format!("cannot write the protocol header: {error}"))?;
    expect(&mut stream, START)?;
    send(&mut stream, START_OK, &start_ok(user, password))?;
    let tune = expect(&mut stream, TUNE)?;
    // What the broker proposes is accepted, but for heartbeats, which this short a connection never sends.
    let limits = tune.get(..6).ok_or("the broker's limits are cut off")?;
    send(&mut stream, TUNE_OK, &[limits, &[0, 0]].concat())?;
    send(&mut stream, OPEN, b"\x01/\x00\x00")?;
    expect(&mut stream, OPEN_OK)?;
    send(&mut stream, CLOSE, b"\x00\xC8\x00\x00\x00\x00\x00")?;
    expect(&mut stream, CLOSE_OK).map(drop)
}

/// No client properties, mechanism PLAIN, its response, and the locale.
fn start_ok(user: &str, password: &str) -> Vec<u8> {
    let response = format!("\0{user}\0{password}");
    let response_bytes = u32::try_from(response.len()).unwrap_or_default();
    [b"\0\0\0\0\x05PLAIN".as_slice(), &response_bytes.to_be_bytes(), response.as_bytes(), b"\x05en_US"]
        .concat()
}

fn send(stream: &mut TcpStream, method: Method, arguments: &[u8]) -> Result<(), String> {
    stream
        .write_all(&frame(method, arguments))
        .map_err(|error| format!("cannot send method 10.{}: {error}", method.0))
}

fn frame(method: Method, arguments: &[u8]) -> Vec<u8> {
    let payload_bytes = u32::try_from(arguments.len() + 4).unwrap_or_default();
    let mut frame = vec![FRAME_METHOD, 0, 0];
    frame.extend(payload_bytes.to_be_bytes());
    frame.extend(10_u16.to_be_bytes());
    frame.extend(method.0.to_be_bytes());
    frame.extend(arguments);
    frame.push(FRAME_END);
    frame
}

/// Reads the next frame, which must be this method; returns its arguments.
fn expect(stream: &mut impl Read, method: Method) -> Result<Vec<u8>, String> {
    let failed = |error| format!("no answer 10.{}: {error}", method.0);
    let mut head = [0; 7];
    stream.read_exact(&mut head).map_err(failed)?;
    let [kind, _, _, size @ ..] = head;
    let size = u32::from_be_bytes(size);
    if kind != FRAME_METHOD || !(4..=FRAME_BYTES_MAX).contains(&size) {
        return Err(format!("instead of 10.{} came something that is no AMQP method", method.0));
    }
    let mut payload = Vec::new();
    stream.take(u64::from(size) + 1).read_to_end(&mut payload).map_err(failed)?;
    let [class, id] = [[0, 10], method.0.to_be_bytes()];
    if payload.pop() == Some(FRAME_END) && payload.starts_with(&[class, id].concat()) {
        Ok(payload.split_off(4))
    } else {
        let came = payload.get(..4).unwrap_or_default();
        Err(format!("instead of 10.{} came {came:?}", method.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{CLOSE_OK, OPEN_OK, START, expect, frame};

    #[test]
    fn a_frame_that_is_sent_is_a_frame_that_is_understood() {
        assert_eq!(expect(&mut frame(START, b"abc").as_slice(), START).unwrap(), b"abc");
    }

    #[test]
    fn another_method_is_refused() {
        assert!(expect(&mut frame(OPEN_OK, b"").as_slice(), CLOSE_OK).is_err());
    }

    #[test]
    fn another_protocol_is_refused() {
        assert!(expect(&mut b"HTTP/1.1 400 Bad Request\r\n".as_slice(), START).is_err());
    }

    #[test]
    fn a_frame_that_is_cut_off_is_refused() {
        let whole = frame(START, b"abc");
        assert!(expect(&mut &whole[..whole.len() - 1], START).is_err());
    }
}
