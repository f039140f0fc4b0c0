use super::*;
use crate::money::Currency;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn campaign(state: CampaignState) -> Campaign {
    Campaign {
        id: CampaignId(Uuid::from_u128(7)),
        kind: CampaignKind::Campaign,
        plan: CampaignPlan {
            name: "Buen Fin".to_owned(),
            template: Template::parse("Hola {{ first_name }}").unwrap(),
            transliteration: Transliteration::Keep,
            segment: SegmentDefinition::default(),
            sender: SenderId(Uuid::from_u128(8)),
            priority: Priority::Normal,
            limits: CampaignLimits::default(),
            window: None,
            canary: None,
            schedule_at: None,
            saved_segment: None,
            unknown_line_types: UnknownLineTypes::Allow,
        },
        state,
        version: 3,
        price_per_segment: Money { micros: 285_000, currency: Currency::MXN },
        previewed: None,
        created_by: "ana@empresa.mx".to_owned(),
        created_at: NOW,
        updated_at: NOW,
    }
}

fn frozen() -> Frozen {
    Frozen { audience: 10, cost: Money::zero(Currency::MXN) }
}

fn states() -> Vec<CampaignState> {
    let launched_at = NOW;
    vec![
        CampaignState::Draft,
        CampaignState::Scheduled { at: NOW },
        CampaignState::Preparing { launched_at },
        CampaignState::Running { launched_at, frozen: frozen() },
        CampaignState::Paused { launched_at, frozen: None, reason: None },
        CampaignState::Paused { launched_at, frozen: Some(frozen()), reason: Some("restored".to_owned()) },
        CampaignState::Completed { launched_at, frozen: frozen(), finished_at: NOW },
        CampaignState::Canceled { launched_at: None, frozen: None, finished_at: NOW },
        CampaignState::Failed { reason: "why".to_owned(), launched_at, finished_at: NOW },
    ]
}

/// From each state, in the order of `states`, where an action leads; `-` where it is refused.
fn leads_to(act: impl Fn(Campaign) -> Result<Campaign, InvalidTransition>) -> Vec<&'static str> {
    states()
        .into_iter()
        .map(|state| match act(campaign(state.clone())) {
            Ok(changed) => {
                assert_eq!(changed.version, 4);
                changed.state.as_str()
            }
            Err(refused) => {
                assert_eq!(refused.state, state);
                "-"
            }
        })
        .collect()
}

#[test]
fn every_action_leads_where_it_may_and_is_refused_everywhere_else() {
    let (preparing, scheduled) = ("preparing", "scheduled");
    assert_eq!(leads_to(|it| it.launch(NOW)), [preparing, preparing, "-", "-", "-", "-", "-", "-", "-"]);
    assert_eq!(
        leads_to(|it| it.schedule(NOW, NOW)),
        [scheduled, scheduled, "-", "-", "-", "-", "-", "-", "-"]
    );
    assert_eq!(leads_to(|it| it.pause(None, NOW)), ["-", "-", "paused", "paused", "-", "-", "-", "-", "-"]);
    assert_eq!(leads_to(|it| it.resume(NOW)), ["-", "-", "-", "-", "preparing", "running", "-", "-", "-"]);
    let canceled = "canceled";
    assert_eq!(
        leads_to(|it| it.cancel(NOW)),
        [canceled, canceled, canceled, canceled, canceled, canceled, "-", "-", "-"]
    );
}

#[test]
fn a_refusal_says_what_cannot_be_done_where() {
    let refused = campaign(CampaignState::Preparing { launched_at: NOW }).launch(NOW).unwrap_err();
    assert_eq!(refused.to_string(), "a campaign that is preparing cannot be launched");
}

#[test]
fn what_was_frozen_is_kept_through_a_pause() {
    let running = campaign(CampaignState::Running { launched_at: NOW, frozen: frozen() });
    let resumed = running.pause(None, NOW).and_then(|it| it.resume(NOW)).unwrap();
    assert_eq!(resumed.state.frozen(), Some(frozen()));
}
