//! What the provider billed for a campaign, beside what was reckoned.

use std::sync::Arc;

use actix_web::{HttpResponse, get, web};
use domain::billing::{BillTally, CampaignBill, Difference, DifferingMessage};
use domain::campaign::CampaignId;
use domain::message::MessageId;
use domain::port::RecordDesk;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::{Caller, Viewer};
use crate::money::MoneyView;
use crate::problem::Problem;

/// What was billed for a campaign, beside what was reckoned.
#[derive(Serialize, ToSchema)]
pub(crate) struct BillView {
    /// waiting: the campaign has not ended, or not long enough ago (`records.bill_after_s`). `under_way`: some of its messages were
    /// looked at. complete: all were.
    state: &'static str,
    /// When it was last looked at.
    #[schema(value_type = Option<String>, format = DateTime)]
    as_of: Option<Timestamp>,
    /// Of the messages that are held to have been sent, at the price of the sender.
    reckoned: ReckonedView,
    /// What the provider says.
    billed: BilledView,
    /// Messages by how they differ.
    differences: DifferencesView,
    /// Some of them, at most 100.
    examples: Vec<DifferingView>,
}

/// What was reckoned.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReckonedView {
    messages: u64,
    segments: u64,
    cost: Option<MoneyView>,
}

/// What was billed.
#[derive(Serialize, ToSchema)]
pub(crate) struct BilledView {
    messages: u64,
    segments: u64,
    /// A sum for each currency that the provider bills in.
    costs: Vec<MoneyView>,
}

/// Messages by how they differ from what was billed for them.
#[derive(Serialize, ToSchema)]
pub(crate) struct DifferencesView {
    /// More segments were billed than reckoned.
    more_segments: u64,
    /// Fewer were.
    fewer_segments: u64,
    /// Sent, and no bill is known.
    not_billed: u64,
    /// Billed, and held not to have been sent.
    billed_unsent: u64,
    /// Billed more than once.
    billed_twice: u64,
}

impl From<&BillTally> for DifferencesView {
    fn from(tally: &BillTally) -> Self {
        Self {
            more_segments: tally.of(Difference::MoreSegments),
            fewer_segments: tally.of(Difference::FewerSegments),
            not_billed: tally.of(Difference::NotBilled),
            billed_unsent: tally.of(Difference::BilledUnsent),
            billed_twice: tally.of(Difference::BilledTwice),
        }
    }
}

/// A message that differs from what was billed for it.
#[derive(Serialize, ToSchema)]
pub(crate) struct DifferingView {
    message_id: String,
    /// `more_segments`, `fewer_segments`, `not_billed`, `billed_unsent` or `billed_twice`.
    difference: &'static str,
    segments: u16,
    billed_segments: u16,
}

impl BillView {
    fn of(campaign: CampaignId, bill: &CampaignBill) -> Self {
        let tally = &bill.tally;
        let example = |one: &DifferingMessage| DifferingView {
            message_id: MessageId { campaign, seq: one.seq }.to_string(),
            difference: one.difference.as_str(),
            segments: one.segments,
            billed_segments: one.billed_segments,
        };
        Self {
            state: bill.state.as_str(),
            as_of: bill.as_of,
            reckoned: ReckonedView {
                messages: tally.sent,
                segments: tally.sent_segments,
                cost: bill.price_per_segment.times(tally.sent_segments).map(MoneyView::from),
            },
            billed: BilledView {
                messages: tally.billed,
                segments: tally.billed_segments,
                costs: tally.costs.iter().copied().map(MoneyView::from).collect(),
            },
            differences: DifferencesView::from(tally),
            examples: bill.differing.iter().map(example).collect(),
        }
    }
}

/// What the provider billed for a campaign, beside what was reckoned: from its receipts, and from its records where they say nothing.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns/{id}/bill", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, body = BillView), (status = 404, body = Problem)))]
#[get("/campaigns/{id}/bill")]
pub(crate) async fn show_bill(
    _who: Caller<Viewer>,
    id: web::Path<Uuid>,
    desk: web::Data<Arc<dyn RecordDesk>>,
) -> Result<HttpResponse, Problem> {
    let campaign = CampaignId(*id);
    let bill = desk.bill(campaign).await?.ok_or_else(|| Problem::not_found("there is no such campaign"))?;
    Ok(HttpResponse::Ok().json(BillView::of(campaign, &bill)))
}
