//! The text of a campaign, sent to a few numbers.

use actix_web::{HttpResponse, post, web};
use application::{TestCampaign, TestCommand};
use domain::campaign::CampaignId;
use domain::contact::ContactId;
use domain::phone::PhoneNumber;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::{Caller, Operator};
use crate::input::{Asked, Body};
use crate::messages::{MessageView, barred, phone_of};
use crate::problem::Problem;

/// The most numbers of one test.
const NUMBERS_MAX: usize = 10;

/// Where the text of a campaign is to be shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestSendRequest {
    /// The numbers, 1 to 10.
    to: Vec<String>,
    /// For which contact the text is; left out, for the contact of each number, or for nobody.
    contact_id: Option<String>,
}

/// The messages of a test.
#[derive(Serialize, ToSchema)]
pub(crate) struct TestMessagesView {
    data: Vec<MessageView>,
}

impl TestSendRequest {
    fn command(&self, campaign: Uuid) -> Result<TestCommand, Problem> {
        if self.to.is_empty() || self.to.len() > NUMBERS_MAX {
            return Err(Problem::unprocessable("/to", format!("give 1 to {NUMBERS_MAX} numbers")));
        }
        let mut to: Vec<PhoneNumber> = Vec::with_capacity(self.to.len());
        for (n, raw) in self.to.iter().enumerate() {
            let pointer = format!("/to/{n}");
            let phone = phone_of(raw, &pointer)?;
            if to.contains(&phone) {
                return Err(Problem::unprocessable(pointer, "the number stands there twice"));
            }
            to.push(phone);
        }
        let contact = self.contact_id.as_ref().map(|id| id.parse().map(ContactId)).transpose();
        let contact = contact.map_err(|_| Problem::unprocessable("/contact_id", "it is no contact's id"))?;
        Ok(TestCommand { campaign: CampaignId(campaign), to, contact })
    }
}

/// Sends a campaign's text to a few numbers, each a message of its own.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns/{id}/test-send", request_body = TestSendRequest, params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])), responses((status = 202, body = TestMessagesView), (status = 404, body = Problem), (status = 409, body = Problem, description = "The campaign has ended, or a number must not be written to: `errors` says which and why"), (status = 422, body = Problem)))]
#[post("/campaigns/{id}/test-send")]
pub(crate) async fn test_send(
    who: Caller<Operator>,
    asked: Asked,
    id: web::Path<Uuid>,
    body: Body<TestSendRequest>,
    use_case: web::Data<TestCampaign>,
) -> Result<HttpResponse, Problem> {
    let envelope = asked.once_by(&who, Some(body.sha256))?;
    let command = body.value.command(*id)?;
    let sent =
        use_case.execute(command, envelope).await.map_err(|error| barred(error, |n| format!("/to/{n}")))?;
    let data = sent.iter().map(|message| MessageView::of(message, &who)).collect();
    Ok(HttpResponse::Accepted().json(TestMessagesView { data }))
}
