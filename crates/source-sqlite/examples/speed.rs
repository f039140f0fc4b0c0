//! x
#![allow(clippy::all, clippy::pedantic)]
use domain::port::*;
use futures::StreamExt;
use std::time::Instant;
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let p = std::env::args().nth(1).unwrap();
    for _ in 0..5 {
        let r = source_sqlite::SqliteNumbersReader::open(p.as_ref()).unwrap();
        let t = Instant::now();
        let mut s = r.batches(ReadRange {
            after_id: 0,
            rows_max: None,
            batch_rows: 10_000,
        });
        let (mut n, mut b) = (0u64, 0u64);
        while let Some(x) = s.next().await {
            let x = x.unwrap();
            n += x.len() as u64;
            b += x.bytes() as u64;
        }
        let e = t.elapsed();
        println!(
            "{n} rows {b} bytes {:.3}s {:.0} rows/s",
            e.as_secs_f64(),
            n as f64 / e.as_secs_f64()
        );
    }
    let r = source_sqlite::SqliteNumbersReader::open(p.as_ref()).unwrap();
    let t = Instant::now();
    println!("{:?} {:?}", r.describe().await.unwrap(), t.elapsed());
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    for l in s.lines().filter(|l| l.starts_with("VmHWM")) {
        println!("{l}")
    }
}
