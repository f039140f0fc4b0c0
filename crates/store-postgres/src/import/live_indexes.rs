//! Building the indexes of contacts while everybody goes on reading and writing.

use domain::port::StoreError;
use tokio_postgres::Client;

use crate::error::classify;

/// The indexes that people may rely on, as the server prints their definitions. A migration that changes one changes it
/// here; a test holds the two against each other.
pub(super) const INDEXES: [(&str, &str); 9] = [
    (
        "contacts_phone_national_key",
        "CREATE UNIQUE INDEX contacts_phone_national_key ON public.contacts USING btree (phone_national)",
    ),
    (
        "idx_contacts_state_active",
        "CREATE INDEX idx_contacts_state_active ON public.contacts USING btree (state_code, status) \
         WHERE (opt_out_at IS NULL)",
    ),
    (
        "idx_contacts_lada_active",
        "CREATE INDEX idx_contacts_lada_active ON public.contacts USING btree (lada, status) WHERE (opt_out_at IS NULL)",
    ),
    (
        "idx_contacts_city_active",
        "CREATE INDEX idx_contacts_city_active ON public.contacts USING btree (city, status) WHERE (opt_out_at IS NULL)",
    ),
    (
        "idx_contacts_name_gin",
        "CREATE INDEX idx_contacts_name_gin ON public.contacts USING gin (name_words(full_name))",
    ),
    (
        "idx_contacts_phone_end",
        "CREATE INDEX idx_contacts_phone_end ON public.contacts USING btree (((phone_national % (10000)::bigint)))",
    ),
    (
        "idx_contacts_address_gin",
        "CREATE INDEX idx_contacts_address_gin ON public.contacts USING gin (address_words(address))",
    ),
    (
        "idx_contacts_last_sent",
        "CREATE INDEX idx_contacts_last_sent ON public.contact_activity USING btree (last_sent_at) \
         WHERE (last_sent_at IS NOT NULL)",
    ),
    (
        "idx_contacts_send_count",
        "CREATE INDEX idx_contacts_send_count ON public.contact_activity USING btree (send_count)",
    ),
];

/// Builds an index that is missing, or was left half built, and says whether it did. Whoever writes is not kept waiting;
/// the building itself waits for transactions that began before it.
pub(super) async fn build(client: &Client, (name, definition): (&str, &str)) -> Result<bool, StoreError> {
    let doing = format!("build the index {name}");
    let fail = |error: tokio_postgres::Error| classify(&doing, &error);
    let looked = client
        .query_opt(include_str!("../../sql/index_is_usable.sql"), &[&name])
        .await
        .map_err(fail)?
        .map(|row| row.get::<_, bool>("is_usable"));
    if looked == Some(false) {
        client.batch_execute(&format!("DROP INDEX CONCURRENTLY {name}")).await.map_err(fail)?;
    }
    if looked != Some(true) {
        let concurrently = definition.replacen(" INDEX ", " INDEX CONCURRENTLY ", 1);
        client.batch_execute(&concurrently).await.map_err(fail)?;
    }
    // One that a load took down is off the list when it is there again.
    let deferred = include_str!("../../sql/deferred_index_delete.sql");
    client.execute(deferred, &[&name]).await.map_err(fail)?;
    Ok(looked != Some(true))
}
