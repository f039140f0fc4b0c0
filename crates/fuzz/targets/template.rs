//! No template that is taken fails on a contact halfway, or makes a text of any length.
#![no_main]

use domain::contact::{Contact, ContactId, ContactStatus, LineType};
use domain::phone::PhoneNumber;
use domain::template::Template;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

/// Templates of campaigns are far shorter; what is longer only costs time.
const SOURCE_BYTES_MAX: usize = 4_000;

fuzz_target!(|given: (&str, &str)| {
    let (source, value) = given;
    if source.len() > SOURCE_BYTES_MAX {
        return;
    }
    let Ok(template) = Template::parse(source) else { return };
    for contact in [contact(None), contact(Some(value)), contact(Some("MARÍA JOSÉ DE LA O"))] {
        let text = template.render(&contact).expect("what was taken is rendered for everybody");
        assert!(text.len() <= 100_000, "{} bytes of {} of a template", text.len(), source.len());
    }
});

fn contact(value: Option<&str>) -> Contact {
    let value = || value.map(str::to_owned);
    Contact {
        id: ContactId(1),
        phone: PhoneNumber::from_national(5_512_345_678).expect("a number"),
        phone_original: value(),
        full_name: value(),
        address: value(),
        neighborhood: value(),
        municipality: value(),
        state: None,
        state_text: value(),
        lada: None,
        city: value(),
        line_type: LineType::Mobile,
        carrier: value(),
        is_valid: true,
        status: ContactStatus::Active,
        opt_out_at: None,
        source_row_id: None,
        migrated_at: None,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}
