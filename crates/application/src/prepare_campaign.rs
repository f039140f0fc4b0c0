//! A launched campaign's audience is frozen: every message rendered, measured and written, slice by slice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::contact::Contact;
use domain::lada::Lada;
use domain::phone::PhoneNumber;
use domain::port::{AudienceStore, Clock, Freezing, Member, NewMessage, Slice, StoreError};
use domain::wording::Wording;
use futures::StreamExt;
use jiff::tz::TimeZone;

/// Freezes audiences.
pub struct PrepareCampaign {
    audiences: Arc<dyn AudienceStore>,
    clock: Arc<dyn Clock>,
    /// The time zone of numbers whose area code tells none, as the IANA database names it.
    zone: String,
    /// Contacts of one slice: what is rendered, kept in memory and written at once.
    slice_contacts: u16,
    is_draining: AtomicBool,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prepared {
    /// No campaign is to be frozen, or another worker is at it.
    Nothing,
    /// One was frozen, or given up: there may be more.
    Something,
}

impl PrepareCampaign {
    /// Freezes by slices of so many contacts.
    #[must_use]
    pub fn new(
        audiences: Arc<dyn AudienceStore>,
        clock: Arc<dyn Clock>,
        zone: String,
        slice_contacts: u16,
    ) -> Self {
        Self { audiences, clock, zone, slice_contacts, is_draining: AtomicBool::new(false) }
    }

    /// Begins no further slice.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Freezes the campaign that waits longest. Whoever dies in the middle of it leaves what was written before, and another
    /// goes on there when the hold of the first is over.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn execute(&self) -> Result<Prepared, StoreError> {
        let Some(freezing) = self.audiences.next_to_freeze().await? else { return Ok(Prepared::Nothing) };
        match self.freeze(freezing).await {
            Ok(()) => Ok(Prepared::Something),
            // Paused or canceled in the meantime, or another worker was here.
            Err(StoreError::Conflict { .. }) => Ok(Prepared::Nothing),
            Err(error) => Err(error),
        }
    }

    async fn freeze(&self, mut freezing: Freezing) -> Result<(), StoreError> {
        let segment = match freezing.campaign.plan.segment.check() {
            Ok(segment) => segment,
            Err(refused) => return self.audiences.fail(freezing, refused.to_string()).await,
        };
        let mut members = self.audiences.members(freezing.clone(), segment, self.slice_contacts).await?;
        while let Some(slice) = members.next().await {
            if self.is_draining.load(Ordering::Relaxed) {
                return self.audiences.release(freezing).await;
            }
            freezing = match self.slice(&freezing, slice?) {
                Ok(slice) => self.audiences.append_slice(freezing, slice).await?,
                Err(reason) => return self.audiences.fail(freezing, reason).await,
            };
        }
        freezing = match self.with_seeds(freezing.clone()).await? {
            Ok(seeded) => seeded,
            Err(reason) => return self.audiences.fail(freezing, reason).await,
        };
        let window = freezing.campaign.plan.window;
        let now = self.clock.now();
        let zones = self.audiences.zones(freezing.clone()).await?;
        let openings = zones.into_iter().map(|zone| {
            let opening = window.and_then(|window| window.opening(&TimeZone::get(&zone).ok()?, now));
            (zone, opening)
        });
        let pause = too_dear(&freezing);
        self.audiences.finish(freezing, openings.collect(), pause).await
    }

    /// The messages of these contacts; or why the text cannot go to one of them, named by its id alone.
    fn slice(&self, freezing: &Freezing, members: Vec<Member>) -> Result<Slice, String> {
        let wording = Wording::of(&freezing.campaign.plan, &freezing.identity);
        let mut slice = Slice {
            messages: Vec::with_capacity(members.len()),
            left_out: Vec::new(),
            seeds: 0,
            up_to: freezing.after,
        };
        for member in members {
            match member {
                Member::LeftOut(contact, reason) => {
                    slice.up_to = contact;
                    slice.left_out.push((contact, reason));
                }
                Member::Reached(contact) => {
                    slice.up_to = contact.id;
                    let message = self.message(&wording, &contact).map_err(|refused| {
                        format!("the text for contact {} cannot be sent: {refused}", contact.id.0)
                    })?;
                    slice.messages.push(NewMessage { contact: Some(contact.id), ..message });
                }
            }
        }
        Ok(slice)
    }

    /// With the seed numbers that go with so many messages, once.
    async fn with_seeds(&self, freezing: Freezing) -> Result<Result<Freezing, String>, StoreError> {
        if freezing.seeds > 0 {
            return Ok(Ok(freezing));
        }
        let phones = self.audiences.seeds(freezing.clone()).await?;
        if phones.is_empty() {
            return Ok(Ok(freezing));
        }
        let wording = Wording::of(&freezing.campaign.plan, &freezing.identity);
        let messages = phones.into_iter().map(|phone| self.message(&wording, &Contact::unknown(phone)));
        let messages: Vec<NewMessage> = match messages.collect() {
            Ok(messages) => messages,
            Err(refused) => return Ok(Err(format!("the text for a seed number cannot be sent: {refused}"))),
        };
        let seeds = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        let slice = Slice { messages, left_out: Vec::new(), seeds, up_to: freezing.after };
        self.audiences.append_slice(freezing, slice).await.map(Ok)
    }

    fn message(&self, wording: &Wording<'_>, contact: &Contact) -> Result<NewMessage, String> {
        let text = wording.text_for(contact).map_err(|refused| refused.to_string())?;
        Ok(NewMessage {
            contact: None,
            to: contact.phone,
            zone: zone_of(contact.phone).unwrap_or(&self.zone).to_owned(),
            segments: u16::try_from(text.measure().segments).unwrap_or(u16::MAX),
            text: text.as_str().to_owned(),
        })
    }
}

/// Why a campaign that was frozen is not begun: it costs more than it may.
fn too_dear(freezing: &Freezing) -> Option<String> {
    let most = freezing.campaign.plan.limits.cost_max?;
    (freezing.cost.micros > most.micros)
        .then(|| format!("spend: the messages cost {}, and the campaign may cost {most}", freezing.cost))
}

/// The time zone of a number, by its area code.
pub(crate) fn zone_of(phone: PhoneNumber) -> Option<&'static str> {
    Lada::of(phone)?.place().map(|place| place.timezone.as_str())
}
