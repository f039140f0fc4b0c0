//! Everything that is served: where it stands, and what its handlers are given.

use std::sync::Arc;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use tokio::sync::watch;
use utoipa_swagger_ui::SwaggerUi;

use crate::api_doc;
use crate::health;
use crate::input::{refuse_path, refuse_query};
use crate::metrics::{self, Metrics};
use crate::options::{Edge, HttpOptions};
use crate::serve::Services;
use crate::watching::Streams;
use crate::{
    address, api_keys, audit, auth, campaigns, contact_changes, contact_imports, contacts, extracts, inbound,
    jobs, lookups, messages, phones, saved_segments, search, second_factor, segments, senders, stats,
    suppressions, users, webhooks, workers,
};

/// Gives the handlers of a thread something of which there is one.
type Give = Box<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// Everything that is served, for each thread to be set up with.
pub(crate) struct Routes {
    body_bytes_max: usize,
    given: Vec<Give>,
}

impl Routes {
    pub(crate) fn new(services: Services, options: &HttpOptions, ending: watch::Receiver<bool>) -> Self {
        let mut routes = Self { body_bytes_max: options.body_bytes_max, given: Vec::new() };
        let clock = Arc::clone(&services.clock);
        routes.give(Data::new(Edge::new(options, clock, services.ids, services.limiter)));
        routes.give(Data::new(services.authenticate));
        routes.give(Data::new(services.log_in));
        routes.give(Data::new(services.refresh));
        routes.give(Data::new(services.log_out));
        routes.give(Data::new(services.sessions));
        routes.give(Data::new(services.end_session));
        routes.give(Data::new(services.change_password));
        routes.give(Data::new(services.second_factors));
        routes.give(Data::new(services.invite_user));
        routes.give(Data::new(services.change_user));
        routes.give(Data::new(services.accounts));
        routes.give(Data::new(services.create_api_key));
        routes.give(Data::new(services.api_keys));
        routes.give(Data::new(services.draft));
        routes.give(Data::new(services.change));
        routes.give(Data::new(services.preview));
        routes.give(Data::new(services.follow));
        routes.give(Data::new(services.explain));
        routes.give(Data::new(services.records));
        routes.give(Data::new(services.test));
        routes.give(Data::new(services.send));
        routes.give(Data::new(Streams::new(options.streams_max, ending)));
        routes.give(Data::new(services.preview_segment));
        routes.give(Data::new(services.search));
        routes.give(Data::new(services.count_contacts));
        routes.give(Data::new(services.add_contact));
        routes.give(Data::new(services.change_contact));
        routes.give(Data::new(services.desk));
        routes.give(Data::new(services.save_segment));
        routes.give(Data::new(services.segments));
        routes.give(Data::new(services.take_extract));
        routes.give(Data::new(services.extracts));
        routes.give(Data::new(services.take_contact_file));
        routes.give(Data::new(services.tag_contacts));
        routes.give(Data::new(services.jobs));
        routes.give(Data::new(services.follow_work));
        routes.give(Data::new(services.look_up_phones));
        routes.give(Data::new(services.look_up_campaign));
        routes.give(Data::new(services.lookups));
        routes.give(Data::new(services.add_sender));
        routes.give(Data::new(services.route_sender));
        routes.give(Data::new(services.campaigns));
        routes.give(Data::new(services.senders));
        routes.give(Data::new(services.contacts));
        routes.give(Data::new(services.suppressions));
        routes.give(Data::new(services.inbound));
        routes.give(Data::new(services.audit));
        routes.give(Data::new(services.load_suppressions));
        routes.give(Data::new(services.watch_workers));
        routes.give(Data::from(services.plan));
        routes.give(Data::new(services.webhooks));
        routes.give(Data::new(services.receipts));
        routes.give(Data::new(services.clock));
        routes.give(Data::new(services.checks));
        routes.give(Data::new(Metrics::of_this_process()));
        routes
    }

    fn give<T: ?Sized + Send + Sync + 'static>(&mut self, one: Data<T>) {
        self.given.push(Box::new(move |config| {
            config.app_data(one.clone());
        }));
    }

    pub(crate) fn configure(&self, config: &mut ServiceConfig) {
        for give in &self.given {
            give(config);
        }
        config
            .app_data(web::PayloadConfig::new(self.body_bytes_max))
            .app_data(web::QueryConfig::default().error_handler(refuse_query))
            .app_data(web::PathConfig::default().error_handler(refuse_path));
        config.service(web::scope("/api/v1").configure(versioned));
        config.service(
            web::scope("/webhooks").app_data(web::PayloadConfig::new(webhooks::POST_BYTES_MAX)).configure(
                |config| {
                    config.route("/telnyx", web::post().to(webhooks::telnyx));
                },
            ),
        );
        config
            .service(auth::login)
            .service(health::live)
            .service(health::ready)
            .service(health::health)
            .service(metrics::metrics)
            .service(api_doc::description)
            .service(api_doc::docs)
            .service(
                SwaggerUi::new("/docs/{_:.*}")
                    .external_url_unchecked("/docs/openapi.json", api_doc::document().clone()),
            )
            .default_service(web::to(nowhere));
    }
}

/// What the guard lets nobody come to, as no rule names it.
async fn nowhere(request: HttpRequest) -> HttpResponse {
    HttpResponse::from_error(address::nothing_at(request.path()))
}

/// What stands under `/api/v1`.
fn versioned(config: &mut ServiceConfig) {
    config
        .service(auth::login)
        .service(auth::refresh)
        .service(auth::logout)
        .service(auth::me)
        .service(auth::sessions)
        .service(auth::end_session)
        .service(auth::change_password)
        .service(second_factor::offer_second_factor)
        .service(second_factor::confirm_second_factor)
        .service(second_factor::remove_second_factor)
        .service(users::list)
        .service(users::create)
        .service(users::get_one)
        .service(users::change)
        .service(users::disable)
        .service(users::enable)
        .service(users::reset_password)
        .service(users::remove_second_factor)
        .service(api_keys::list)
        .service(api_keys::create)
        .service(api_keys::get_one)
        .service(api_keys::revoke)
        .service(campaigns::create)
        .service(campaigns::list)
        .service(campaigns::get_one)
        .service(campaigns::revise)
        .service(campaigns::remove)
        .service(campaigns::schedule)
        .service(campaigns::preview)
        .service(campaigns::launch)
        .service(campaigns::pause)
        .service(campaigns::resume)
        .service(campaigns::cancel)
        .service(campaigns::progress)
        .service(campaigns::progress_stream)
        .service(campaigns::explain)
        .service(campaigns::show_bill)
        .service(campaigns::test_send)
        .service(campaigns::messages)
        .service(lookups::look_up_campaign)
        .service(messages::send)
        .service(messages::preview)
        .service(messages::get_one)
        .service(contact_imports::create)
        .service(jobs::tag_segment)
        .service(jobs::list)
        .service(jobs::get_one)
        .service(jobs::cancel)
        .service(jobs::progress_stream)
        .service(jobs::rejects)
        .service(contacts::create)
        .service(contacts::list)
        .service(search::search)
        .service(stats::stats)
        .service(contacts::get_one)
        .service(contact_changes::change)
        .service(contact_changes::remove)
        .service(contact_changes::opt_out)
        .service(contact_changes::opt_in)
        .service(contact_changes::list_tags)
        .service(contact_changes::add_tags)
        .service(contact_changes::set_tags)
        .service(contact_changes::remove_tag)
        .service(contact_changes::messages)
        .service(extracts::create)
        .service(extracts::list)
        .service(extracts::get_one)
        .service(extracts::download)
        .service(extracts::seeds)
        .service(extracts::put_seed)
        .service(extracts::remove_seed)
        .service(segments::preview)
        .service(saved_segments::create)
        .service(saved_segments::list)
        .service(saved_segments::get_one)
        .service(saved_segments::versions)
        .service(saved_segments::change)
        .service(saved_segments::remove)
        .service(suppressions::list)
        .service(suppressions::create)
        .service(suppressions::import)
        .service(suppressions::remove)
        .service(inbound::list)
        .service(inbound::review)
        .service(audit::list)
        .service(workers::show)
        .service(workers::requeue)
        .service(workers::purge)
        .service(senders::create)
        .service(senders::list)
        .service(senders::list_routes)
        .service(senders::set_routes)
        .service(phones::normalize)
        .service(lookups::look_up);
}
