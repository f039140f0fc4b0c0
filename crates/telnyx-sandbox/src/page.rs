//! `GET /`: what was accepted last, for people to look at.

use std::fmt::Write as _;

use actix_web::{HttpResponse, web};

use crate::account::Account;

/// So many lines are shown.
const SHOWN: usize = 100;

pub(crate) async fn show(account: web::Data<Account>) -> HttpResponse {
    let count = account.count();
    let first = count.saturating_sub(SHOWN);
    let mut rows = String::new();
    for line in account.ledger(first, SHOWN).iter().rev() {
        let reference = escaped(line.reference.as_deref().unwrap_or("–"));
        let to = escaped(&line.to);
        // Writing to a string cannot fail.
        let _ = writeln!(
            rows,
            "<tr><td>{}<td>{to}<td>{}<td>{reference}<td>{}",
            line.accepted_at, line.outcome, line.id
        );
    }
    let page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>telnyx-sandbox</title>\
         <style>body{{font:14px system-ui;margin:2em}}td,th{{padding:.2em 1em;text-align:left}}</style>\
         <h1>{count} messages accepted</h1><p>The last {shown} of them, the newest first. Nothing of this was sent to anybody.\
         <table><tr><th>accepted<th>to<th>outcome<th>ref<th>id\n{rows}</table></html>",
        shown = count.min(SHOWN)
    );
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page)
}

/// As text of a page: what somebody sent stays text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
