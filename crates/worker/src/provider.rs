//! The provider: what messages are handed to, what is asked for its records, and the keys of both, which others take the place of
//! while the worker is at work.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use application::Gateways;
use domain::port::{NumberLookup, ProviderRecords, SmsGateway};
use gateway_telnyx::{
    TelnyxGateway, TelnyxGatewayError, TelnyxKeys, TelnyxLookup, TelnyxLookupOptions, TelnyxOptions,
    TelnyxRecords,
};
use settings::{LookupSettings, Settings, Sources};

use crate::failure::Failure;
use crate::gateway::CountedGateway;

/// The way to the provider.
pub(crate) struct Provider {
    options: TelnyxOptions,
    keys_interval: Duration,
}

impl Provider {
    /// As the settings say; nothing is connected yet.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Failure> {
        let given = settings.telnyx_sending()?;
        let keys = TelnyxKeys::new(&given.api_key, &given.sender_keys).map_err(|error| unusable(&error))?;
        let options = TelnyxOptions {
            api_base_url: given.api_base_url,
            keys: Arc::new(keys),
            webhook_base_url: given.webhook_base_url,
            connect_timeout: given.connect_timeout,
            request_timeout: given.request_timeout,
            connections_max: given.connections_max,
        };
        Ok(Self { options, keys_interval: given.keys_interval })
    }

    /// The most calls that are under way at once.
    pub(crate) fn connections_max(&self) -> usize {
        self.options.connections_max
    }

    /// How often its keys are read anew.
    pub(crate) fn keys_interval(&self) -> Duration {
        self.keys_interval
    }

    /// What messages are handed to.
    pub(crate) fn gateways(&self) -> Result<Gateways, Failure> {
        let telnyx = TelnyxGateway::new(&self.options).map_err(|error| unusable(&error))?;
        let counted: Arc<dyn SmsGateway> = Arc::new(CountedGateway(Arc::new(telnyx)));
        Ok(HashMap::from([("telnyx".to_owned(), counted)]))
    }

    /// What is asked for its records.
    pub(crate) fn records(&self) -> Result<Vec<Arc<dyn ProviderRecords>>, Failure> {
        Ok(vec![Arc::new(TelnyxRecords::new(&self.options).map_err(|error| unusable(&error))?)])
    }

    /// What is asked about numbers.
    pub(crate) fn lookup(&self, settings: &LookupSettings) -> Result<Arc<dyn NumberLookup>, Failure> {
        let options = TelnyxLookupOptions {
            api_base_url: self.options.api_base_url.clone(),
            keys: Arc::clone(&self.options.keys),
            connect_timeout: self.options.connect_timeout,
            request_timeout: settings.request_timeout,
            connections_max: settings.in_flight_max.into(),
        };
        Ok(Arc::new(TelnyxLookup::new(&options).map_err(|error| unusable(&error))?))
    }

    /// Its keys, as they are read from `sources` anew.
    pub(crate) fn keys(&self, sources: Sources) -> ProviderKeys {
        ProviderKeys { keys: Arc::clone(&self.options.keys), sources }
    }
}

fn unusable(error: &TelnyxGatewayError) -> Failure {
    Failure::Usage(error.to_string())
}

/// Keys, and where they come from.
pub(crate) struct ProviderKeys {
    keys: Arc<TelnyxKeys>,
    sources: Sources,
}

impl ProviderKeys {
    /// Reads the settings anew, and says whether they hold other keys. Where they cannot be read all stays as it is.
    pub(crate) fn read_anew(&self) -> Result<bool, Failure> {
        let given = Settings::load(&self.sources)?.telnyx_sending()?;
        self.keys.replace(&given.api_key, &given.sender_keys).map_err(|error| unusable(&error))
    }
}
