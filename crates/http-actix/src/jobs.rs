//! Jobs: files of contacts that are brought in, segments that are tagged, numbers that are looked up.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, LOCATION};
use actix_web::web::{self, Bytes, Query};
use actix_web::{HttpResponse, get, post};
use application::{
    Audience, Authenticate, Extracts, FollowWork, TagCommand, TagContacts, TagContactsError, Work,
};
use domain::campaign::CampaignState;
use domain::contact::Tag;
use domain::extract::Extract;
use domain::identity::Role;
use domain::job::{Job, JobId, JobState, LookupTask, RefusedLine, Task};
use domain::lookup::LookupTally;
use domain::money::Money;
use domain::port::{JobStore, StoreError};
use domain::segment::SegmentDefinition;
use domain::sheet::REFUSED_HEADER;
use futures::stream::{self, Stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::{Caller, Operator};
use crate::campaigns::choice;
use crate::input::{Asked, Body};
use crate::money::MoneyView;
use crate::page::{Page, PageQuery, behind, limit};
use crate::problem::{Problem, of_segment};
use crate::spreadsheet::{cell, written};
use crate::watching::{Seen, Streams, Subject, WatchEvent, Watcher, watch};

/// Refused lines that are read at once.
const PAGE_LINES: u32 = 500;

/// A job.
#[derive(PartialEq, Serialize, ToSchema)]
pub(crate) struct JobView {
    id: Uuid,
    /// `contact_import`, `contact_tagging`, `number_lookup`, `extract` or `audience`.
    kind: &'static str,
    /// queued, running, completed, failed or canceled.
    state: &'static str,
    /// How much of it is done, 0 to 100.
    percent: f64,
    /// Of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<ImportView>,
    /// Of a segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    tagging: Option<TaggingView>,
    /// Of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    lookup: Option<LookupJobView>,
    /// Of an extract.
    #[serde(skip_serializing_if = "Option::is_none")]
    extract: Option<ExtractJobView>,
    /// Of a campaign's audience, while it is frozen and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<AudienceJobView>,
    /// Where what came of it is.
    result: Option<String>,
    /// Why it failed.
    failure: Option<String>,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// From when on nothing is known of it any more.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A file that is brought in. `rows_read` is `imported` + `duplicates` + `rejected` at any moment.
#[derive(PartialEq, Serialize, ToSchema)]
pub(crate) struct ImportView {
    file_name: Option<String>,
    /// Columns that mean nothing here.
    ignored_columns: Vec<String>,
    /// Lines below the one that names the columns.
    rows: u64,
    rows_read: u64,
    imported: u64,
    duplicates: u64,
    rejected: u64,
    /// Where the lines are that did not become contacts.
    rejects: String,
}

/// A segment that is tagged.
#[derive(PartialEq, Serialize, ToSchema)]
pub(crate) struct TaggingView {
    #[schema(value_type = Object)]
    segment: SegmentDefinition,
    segment_id: Option<Uuid>,
    segment_version: Option<u32>,
    add: Vec<String>,
    remove: Vec<String>,
    /// Contacts so far that the segment means.
    matched: u64,
    tags_added: u64,
    tags_removed: u64,
    /// Contacts that got none because they would have had too many.
    left_out: u64,
}

/// Numbers of a segment that are looked up. `asked` is `mobile` + `fixed` + `unknown` + `failed` at any moment.
#[derive(PartialEq, Serialize, ToSchema)]
pub(crate) struct LookupJobView {
    #[schema(value_type = Object)]
    segment: SegmentDefinition,
    segment_id: Option<Uuid>,
    segment_version: Option<u32>,
    /// The most that it may cost.
    max_cost: MoneyView,
    /// Calls to the provider so far.
    asked: u64,
    /// Numbers that an earlier lookup answers.
    cached: u64,
    mobile: u64,
    fixed: u64,
    unknown: u64,
    /// Calls that brought no answer; they may have cost all the same.
    failed: u64,
    /// What the calls cost.
    cost: MoneyView,
}

/// Numbers that were handed out. That is done when its request is answered; it stays to be fetched.
#[derive(PartialEq, Serialize, ToSchema)]
pub(crate) struct ExtractJobView {
    /// Numbers of the segment.
    count: u32,
    /// Seed numbers, on top.
    seeds: u32,
    format: &'static str,
}

/// An audience that is frozen: its messages are written one by one, to be sent after the last.
#[derive(PartialEq, Serialize, ToSchema)]
pub(crate) struct AudienceJobView {
    /// Messages so far.
    messages: u64,
    /// Messages by the last preview, if there was one.
    expected: Option<u64>,
}

impl LookupJobView {
    fn of(task: LookupTask, tally: LookupTally) -> Self {
        let micros = i64::try_from(tally.cost_micros).unwrap_or(i64::MAX);
        Self {
            segment: task.segment,
            segment_id: task.saved_segment.map(|saved| saved.id.0),
            segment_version: task.saved_segment.map(|saved| saved.version),
            max_cost: task.cost_max.into(),
            asked: tally.asked,
            cached: tally.cached,
            mobile: tally.mobile,
            fixed: tally.fixed,
            unknown: tally.unknown,
            failed: tally.failed,
            cost: Money { micros, ..task.cost_max }.into(),
        }
    }
}

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        let (percent, kind, tally, rows_read) =
            (job.percent(), job.task.kind(), job.tally, job.checkpoint.unsigned_abs());
        let names = |tags: Vec<Tag>| tags.iter().map(|tag| tag.as_str().to_owned()).collect();
        let (import, tagging, lookup) = match job.task {
            Task::Import(task) => (
                Some(ImportView {
                    ignored_columns: task.sheet.ignored().map(str::to_owned).collect(),
                    file_name: task.file_name,
                    rows: task.rows,
                    rows_read,
                    imported: tally.imported,
                    duplicates: tally.duplicates,
                    rejected: tally.rejected,
                    rejects: format!("/api/v1/jobs/{}/rejects", job.id.0),
                }),
                None,
                None,
            ),
            Task::Tag(task) => (
                None,
                Some(TaggingView {
                    segment: task.segment,
                    segment_id: task.saved_segment.map(|saved| saved.id.0),
                    segment_version: task.saved_segment.map(|saved| saved.version),
                    add: names(task.add),
                    remove: names(task.remove),
                    matched: tally.matched,
                    tags_added: tally.tags_added,
                    tags_removed: tally.tags_removed,
                    left_out: tally.left_out,
                }),
                None,
            ),
            Task::LookUp(task) => (None, None, Some(LookupJobView::of(task, tally.lookups))),
        };
        let result = import.as_ref().map(|import| import.rejects.clone());
        Self {
            id: job.id.0,
            kind,
            state: job.state.as_str(),
            percent,
            import,
            tagging,
            lookup,
            extract: None,
            audience: None,
            result,
            failure: job.failure,
            created_by: job.created_by,
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            expires_at: job.expires_at,
        }
    }
}

impl From<Extract> for JobView {
    fn from(extract: Extract) -> Self {
        Self {
            id: extract.id.0,
            kind: "extract",
            state: JobState::Completed.as_str(),
            percent: 100.0,
            import: None,
            tagging: None,
            lookup: None,
            extract: Some(ExtractJobView {
                count: extract.numbers,
                seeds: extract.seeds,
                format: extract.format.as_str(),
            }),
            audience: None,
            result: Some(format!("/api/v1/extracts/{}/file", extract.id.0)),
            failure: None,
            created_by: extract.created_by,
            created_at: extract.created_at,
            started_at: Some(extract.created_at),
            finished_at: Some(extract.created_at),
            expires_at: Some(extract.expires_at),
        }
    }
}

impl From<Audience> for JobView {
    fn from(Audience { campaign, messages }: Audience) -> Self {
        let launched_at = campaign.state.launched_at();
        let expected = campaign.previewed.map(|previewed| previewed.messages);
        let state = match &campaign.state {
            CampaignState::Failed { .. } => JobState::Failed,
            state if state.frozen().is_some() => JobState::Completed,
            CampaignState::Canceled { .. } => JobState::Canceled,
            // What is paused meanwhile waits to go on.
            CampaignState::Paused { .. } => JobState::Queued,
            CampaignState::Draft
            | CampaignState::Scheduled { .. }
            | CampaignState::Preparing { .. }
            | CampaignState::Running { .. }
            | CampaignState::Completed { .. } => JobState::Running,
        };
        let failure = match &campaign.state {
            CampaignState::Failed { reason, .. } => Some(reason.clone()),
            CampaignState::Draft
            | CampaignState::Scheduled { .. }
            | CampaignState::Preparing { .. }
            | CampaignState::Running { .. }
            | CampaignState::Paused { .. }
            | CampaignState::Completed { .. }
            | CampaignState::Canceled { .. } => None,
        };
        Self {
            id: campaign.id.0,
            kind: "audience",
            state: state.as_str(),
            percent: if state == JobState::Completed { 100.0 } else { share(messages, expected) },
            import: None,
            tagging: None,
            lookup: None,
            extract: None,
            audience: Some(AudienceJobView { messages, expected }),
            result: Some(format!("/api/v1/campaigns/{}", campaign.id.0)),
            failure,
            created_by: campaign.created_by,
            created_at: launched_at.unwrap_or(campaign.created_at),
            started_at: launched_at,
            finished_at: (state != JobState::Completed).then(|| campaign.state.finished_at()).flatten(),
            expires_at: None,
        }
    }
}

/// So much of what is expected, in hundredths; what was expected may have been too little.
#[expect(clippy::cast_precision_loss, reason = "a percentage")]
fn share(of: u64, expected: Option<u64>) -> f64 {
    match expected {
        Some(expected) if expected > 0 => (of as f64 * 100.0 / expected as f64).min(99.0),
        Some(_) | None => 0.0,
    }
}

impl From<Work> for JobView {
    fn from(work: Work) -> Self {
        match work {
            Work::Job(job) => (*job).into(),
            Work::Extract(extract) => (*extract).into(),
            Work::Audience(audience) => (*audience).into(),
        }
    }
}

/// Extracts are shown to those who may make them.
fn extracts_for(who: &Caller<Operator>) -> Extracts {
    if who.role() >= Role::Manager { Extracts::Shown } else { Extracts::Hidden }
}

/// What is answered when a job was queued.
pub(crate) fn accepted(job: Job) -> HttpResponse {
    let location = format!("/api/v1/jobs/{}", job.id.0);
    HttpResponse::Accepted().insert_header((LOCATION, location)).json(JobView::from(job))
}

/// Too many jobs wait.
pub(crate) fn too_many(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(10)
}

fn missing() -> Problem {
    Problem::not_found("there is no such job, or its time has ended")
}

/// Tags for the contacts of a segment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TagSegmentRequest {
    /// Whose: a segment's definition. Either this or `segment_id`.
    #[schema(value_type = Option<Object>, example = json!({"field": "state", "op": "eq", "value": "SIN"}))]
    segment: Option<SegmentDefinition>,
    /// Whose: a saved segment, as it is now.
    segment_id: Option<Uuid>,
    /// Tags that they get.
    #[serde(default)]
    #[schema(example = json!(["vip"]))]
    add: Vec<String>,
    /// Tags that they lose.
    #[serde(default)]
    remove: Vec<String>,
}

impl From<TagContactsError> for Problem {
    fn from(error: TagContactsError) -> Self {
        match error {
            TagContactsError::Count | TagContactsError::Both(_) => {
                Self::unprocessable("/add", error.to_string())
            }
            TagContactsError::Segment(refused) => of_segment(refused, "/segment"),
            TagContactsError::NoSegment => Self::unprocessable("/segment_id", error.to_string()),
            TagContactsError::TooMany => too_many(error.to_string()),
            TagContactsError::Write(error) => error.into(),
        }
    }
}

fn tags(pointer: &str, names: &[String]) -> Result<Vec<Tag>, Problem> {
    let tag = |(n, name): (usize, &String)| {
        Tag::parse(name)
            .map_err(|invalid| Problem::unprocessable(format!("{pointer}/{n}"), invalid.to_string()))
    };
    names.iter().enumerate().map(tag).collect()
}

/// Has the contacts of a segment tagged: those that it means when they are looked at. A contact with as many tags as it may have
/// is left out, and counted.
#[utoipa::path(tag = "jobs", path = "/api/v1/contacts/tags", request_body = TagSegmentRequest, params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])), responses((status = 202, body = JobView), (status = 422, body = Problem), (status = 503, body = Problem)))]
#[post("/contacts/tags")]
pub(crate) async fn tag_segment(
    who: Caller<Operator>,
    asked: Asked,
    body: Body<TagSegmentRequest>,
    tag: web::Data<TagContacts>,
) -> Result<HttpResponse, Problem> {
    let envelope = asked.once_by(&who, Some(body.sha256))?;
    let request = body.value;
    let segment = choice(request.segment, request.segment_id)
        .map_err(|detail| Problem::unprocessable("/segment", detail))?;
    let command =
        TagCommand { segment, add: tags("/add", &request.add)?, remove: tags("/remove", &request.remove)? };
    Ok(accepted(tag.execute(command, envelope).await?))
}

/// Lists what takes longer than a request or outlives it, the latest first: jobs of workers, extracts (for managers), and the
/// audiences of campaigns that were launched.
#[utoipa::path(tag = "jobs", path = "/api/v1/jobs", params(PageQuery), security(("bearer" = [])), responses((status = 200, body = Page<JobView>)))]
#[get("/jobs")]
pub(crate) async fn list(
    who: Caller<Operator>,
    query: Query<PageQuery>,
    follow: web::Data<FollowWork>,
) -> Result<HttpResponse, Problem> {
    let limit = limit(query.limit)?;
    let before = behind::<Uuid>(query.cursor.as_deref())?;
    let found = follow.page(before, limit, extracts_for(&who)).await?;
    Ok(HttpResponse::Ok().json(Page::of(found, limit, |work| work.id().to_string(), JobView::from)))
}

/// One job, and how far it has come.
#[utoipa::path(tag = "jobs", path = "/api/v1/jobs/{id}", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, body = JobView), (status = 404, body = Problem)))]
#[get("/jobs/{id}")]
pub(crate) async fn get_one(
    who: Caller<Operator>,
    id: web::Path<Uuid>,
    follow: web::Data<FollowWork>,
) -> Result<HttpResponse, Problem> {
    let work = follow.find(*id, extracts_for(&who)).await?.ok_or_else(missing)?;
    Ok(HttpResponse::Ok().json(JobView::from(work)))
}

/// How far a job has come, whenever that changes: events `job`, and `end` once it is final.
#[utoipa::path(tag = "jobs", path = "/api/v1/jobs/{id}/stream", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, content_type = "text/event-stream", body = WatchEvent, description = "Events `job` with the JSON of /jobs/{id}, at once and then whenever it changed, at most one a second; `end` once the job is final. A comment at least every 15 s. Ends when the caller's session does"), (status = 404, body = Problem), (status = 503, body = Problem)))]
#[get("/jobs/{id}/stream")]
pub(crate) async fn progress_stream(
    who: Caller<Operator>,
    id: web::Path<Uuid>,
    follow: web::Data<FollowWork>,
    authenticate: web::Data<Authenticate>,
    streams: web::Data<Streams>,
) -> Result<HttpResponse, Problem> {
    let room = streams.enter()?;
    let watched = WatchedJob { id: *id, extracts: extracts_for(&who), follow };
    let first = watched.look().await?.ok_or_else(missing)?;
    Ok(watch(watched, first, Watcher { shown: who.shown(), authenticate }, room))
}

/// A job that somebody watches.
struct WatchedJob {
    id: Uuid,
    extracts: Extracts,
    follow: web::Data<FollowWork>,
}

impl Subject for WatchedJob {
    type View = JobView;

    const EVENT: &'static str = "job";

    async fn look(&self) -> Result<Option<Seen<JobView>>, Problem> {
        let found = self.follow.find(self.id, self.extracts).await?;
        Ok(found.map(|work| {
            let view = JobView::from(work);
            let last_state = JobState::ALL.into_iter().find(|state| state.as_str() == view.state);
            let last_state = last_state.filter(|state| state.is_final()).map(JobState::as_str);
            Seen { view, last_state }
        }))
    }

    fn says_the_same(before: &JobView, after: &JobView) -> bool {
        before == after
    }
}

/// Ends a job of workers; what it has done stays. A campaign is ended by itself, at `/campaigns/{id}/cancel`, and an extract has
/// ended when it is there: both are answered 409.
#[utoipa::path(tag = "jobs", path = "/api/v1/jobs/{id}/cancel", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, body = JobView), (status = 404, body = Problem), (status = 409, body = Problem)))]
#[post("/jobs/{id}/cancel")]
pub(crate) async fn cancel(
    who: Caller<Operator>,
    asked: Asked,
    id: web::Path<Uuid>,
    jobs: web::Data<Arc<dyn JobStore>>,
    follow: web::Data<FollowWork>,
) -> Result<HttpResponse, Problem> {
    if let Some(job) = jobs.cancel(JobId(*id), asked.by(&who)).await? {
        return Ok(HttpResponse::Ok().json(JobView::from(job)));
    }
    let detail = match follow.find(*id, extracts_for(&who)).await? {
        Some(Work::Audience(_)) => {
            "this is the audience of a campaign: cancel that, at /campaigns/{id}/cancel"
        }
        Some(Work::Extract(_)) => "the extract is there already",
        Some(Work::Job(_)) | None => return Err(missing()),
    };
    Err(Problem::new(StatusCode::CONFLICT, detail))
}

/// The lines of a file that did not become contacts, each with its line, the reason, and its fields as they were: what is mended can
/// be sent again as it is. While the job runs it is what there is so far. That it is given out is written down.
#[utoipa::path(tag = "jobs", path = "/api/v1/jobs/{id}/rejects", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, description = "The lines", body = String, content_type = "text/csv"), (status = 404, body = Problem)))]
#[get("/jobs/{id}/rejects")]
pub(crate) async fn rejects(
    who: Caller<Operator>,
    asked: Asked,
    id: web::Path<Uuid>,
    jobs: web::Data<Arc<dyn JobStore>>,
) -> Result<HttpResponse, Problem> {
    let id = JobId(*id);
    let job = jobs.find(id).await?.ok_or_else(missing)?;
    let Task::Import(task) = job.task else {
        return Err(Problem::not_found("this job has no file, so no line of one was refused"));
    };
    jobs.note_refused_read(id, asked.by(&who)).await?;
    let name = format!("attachment; filename=\"pregon-rejects-{}.csv\"", id.0);
    let header = REFUSED_HEADER.into_iter().map(str::to_owned);
    let header: Vec<String> = header.chain(task.sheet.header().iter().map(|name| cell(name))).collect();
    let jobs: Arc<dyn JobStore> = Arc::clone(jobs.get_ref());
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_DISPOSITION, name))
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type("text/csv; charset=utf-8")
        .streaming(lines(jobs, id, header)))
}

/// Refused lines as a table, page by page.
fn lines(
    jobs: Arc<dyn JobStore>,
    id: JobId,
    header: Vec<String>,
) -> impl Stream<Item = Result<Bytes, StoreError>> {
    stream::try_unfold((0, Some(header)), move |(after, header): (u64, Option<Vec<String>>)| {
        let jobs = Arc::clone(&jobs);
        async move {
            let page = jobs.refused_lines(id, after, PAGE_LINES).await?;
            let next = page.last().map_or(after, |last| last.line);
            if page.is_empty() && header.is_none() {
                return Ok(None);
            }
            let records = header.into_iter().chain(page.into_iter().map(record));
            Ok(Some((Bytes::from(written(records)), (next, None))))
        }
    })
}

fn record(refused: RefusedLine) -> Vec<String> {
    let own = [refused.line.to_string(), refused.reason, refused.detail];
    own.into_iter().chain(refused.fields.iter().map(|field| cell(field))).collect()
}
