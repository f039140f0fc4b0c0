//! `GET /v2/number_lookup/{phone_number}`: what a number is, made up of its digits, always the same.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use crate::account::Account;
use crate::messages::is_authorized;
use crate::new_message::is_e164;
use crate::outcome::Outcome;
use crate::refusal::Refusal;

/// Carriers as they are called in Mexico, and their networks.
const CARRIERS: [(&str, &str); 3] =
    [("RADIOMOVIL DIPSA", "020"), ("AT&T COMUNICACIONES DIGITALES", "050"), ("PEGASO PCS", "030")];

/// Numbers with this last digit were ported.
const PORTED: u8 = b'5';

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// A number that refuses messages as a landline does is one; every other is mobile.
pub(crate) async fn look_up(
    request: HttpRequest,
    number: web::Path<String>,
    asked: web::Query<Asked>,
    account: web::Data<Account>,
) -> HttpResponse {
    if !is_authorized(request.headers(), account.options.api_key.as_deref()) {
        return Refusal::UNAUTHENTICATED.answer();
    }
    if let Some(refusal) = account.count_lookup() {
        return refusal.answer();
    }
    if !is_e164(&number) {
        return Refusal::BAD_NUMBER.answer();
    }
    if asked.kind.as_deref().is_some_and(|kind| !matches!(kind, "carrier" | "caller-name")) {
        return Refusal::BAD_LOOKUP_TYPE.answer();
    }
    let is_landline = Outcome::of_number(&number) == Outcome::Refused;
    let is_ported = number.as_bytes().last() == Some(&PORTED);
    let digits: usize = number.bytes().filter(u8::is_ascii_digit).map(usize::from).sum();
    let (carrier, network) = CARRIERS[digits % CARRIERS.len()];
    let line_type = if is_landline { "fixed line" } else { "mobile" };
    HttpResponse::Ok().json(json!({"data": {
        "record_type": "number_lookup",
        "phone_number": *number,
        "country_code": "MX",
        "national_format": number.strip_prefix("+52").unwrap_or(&number),
        "fraud": null,
        "carrier": {
            "name": carrier, "normalized_carrier": carrier, "type": line_type, "error_code": null,
            "mobile_country_code": if is_landline { "" } else { "334" },
            "mobile_network_code": if is_landline { "" } else { network },
        },
        "portability": {
            "line_type": line_type, "ported_status": if is_ported { "Y" } else { "N" },
            "ported_date": if is_ported { "2024-05-17" } else { "" },
            "spid": network, "spid_carrier_name": carrier,
        },
    }}))
}
