//! Segments.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, post, web};
use application::{PreviewSegment, PreviewSegmentError};
use domain::port::SegmentCount;
use domain::segment::SegmentDefinition;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::caller::{Caller, Viewer};
use crate::contacts::ContactView;
use crate::input::Body;
use crate::problem::{Problem, of_segment};

/// A segment to be counted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SegmentRequest {
    /// Its definition.
    #[schema(value_type = Object, example = json!({"all": [{"field": "state", "op": "in", "value": ["JAL", "CMX"]}]}))]
    definition: SegmentDefinition,
}

/// Whom a segment means.
#[derive(Serialize, ToSchema)]
pub(crate) struct SegmentView {
    total: TotalView,
    /// Empty where counting by state would have taken too long.
    by_state: Vec<StateView>,
    sample: Vec<ContactView>,
    /// Why nobody can be meant, where the definition contradicts itself; otherwise `null`.
    contradiction: Option<String>,
    /// Milliseconds that counting took.
    took_ms: u64,
}

/// A number, and how sure it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotalView {
    value: u64,
    /// `exact`, or `estimated` where counting would have taken too long.
    relation: &'static str,
}

/// A state's share.
#[derive(Serialize, ToSchema)]
pub(crate) struct StateView {
    /// `null` for contacts without a recognised state.
    state_code: Option<String>,
    count: u64,
}

/// Counts a segment, and shows some of its contacts.
#[utoipa::path(tag = "segments", path = "/api/v1/segments/preview", request_body = SegmentRequest, security(("bearer" = [])), responses((status = 200, body = SegmentView), (status = 422, body = Problem)))]
#[post("/segments/preview")]
pub(crate) async fn preview(
    who: Caller<Viewer>,
    body: Body<SegmentRequest>,
    use_case: web::Data<PreviewSegment>,
) -> Result<HttpResponse, Problem> {
    let started = std::time::Instant::now();
    let found = use_case.execute(body.value.definition).await.map_err(|error| match error {
        PreviewSegmentError::Segment(refused) => of_segment(refused, "/definition"),
        PreviewSegmentError::Store(error) => error.into(),
    })?;
    let (total, by_state) = match found.count {
        SegmentCount::Exact(by_state) => {
            (TotalView { value: by_state.values().sum(), relation: "exact" }, by_state)
        }
        SegmentCount::Total(value) => (TotalView { value, relation: "exact" }, BTreeMap::new()),
        SegmentCount::Estimated(value) => (TotalView { value, relation: "estimated" }, BTreeMap::new()),
    };
    Ok(HttpResponse::Ok().json(SegmentView {
        total,
        by_state: by_state.into_iter().map(|(state_code, count)| StateView { state_code, count }).collect(),
        sample: found.sample.into_iter().map(|contact| ContactView::of(contact, &who)).collect(),
        contradiction: found.contradiction.map(|contradiction| contradiction.to_string()),
        took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    }))
}
