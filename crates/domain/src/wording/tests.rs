use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::campaign::{CampaignLimits, Priority, UnknownLineTypes};
use crate::phone::PhoneNumber;
use crate::segment::SegmentDefinition;
use crate::sender::SenderId;

fn plan(template: &str) -> CampaignPlan {
    CampaignPlan {
        name: "Buen Fin".to_owned(),
        template: Template::parse(template).unwrap(),
        transliteration: Transliteration::Keep,
        segment: SegmentDefinition::default(),
        saved_segment: None,
        sender: SenderId(Uuid::from_u128(8)),
        priority: Priority::Normal,
        limits: CampaignLimits::default(),
        window: None,
        canary: None,
        schedule_at: None,
        unknown_line_types: UnknownLineTypes::Allow,
    }
}

fn identity(opt_out_text: &str) -> SenderIdentity {
    SenderIdentity { opt_out_text: opt_out_text.to_owned(), ..SenderIdentity::default() }
}

fn somebody(name: &str) -> Contact {
    let phone = PhoneNumber::from_national(5_512_345_678).unwrap();
    Contact { full_name: Some(name.to_owned()), ..Contact::unknown(phone) }
}

fn text(template: &str, opt_out_text: &str, name: &str) -> String {
    let (plan, identity) = (plan(template), identity(opt_out_text));
    Wording::of(&plan, &identity).text_for(&somebody(name)).unwrap().as_str().to_owned()
}

fn refused(template: &str, opt_out_text: &str) -> WordingRefused {
    Wording::of(&plan(template), &identity(opt_out_text)).check().unwrap_err()
}

#[test]
fn how_to_say_no_is_added_where_the_text_does_not_say_it() {
    let footer = "Responde ALTO para no recibir más";
    assert_eq!(text("Hola {{ first_name }}", footer, "ANA RUIZ"), format!("Hola Ana\n{footer}"));
    assert_eq!(text("Hola", " ", "ANA RUIZ"), "Hola");
    for template in [
        "Hola. Responde ALTO para no recibir más.",
        "Hola. Envía la palabra BAJA al 55555.",
        "Hola. Para salir contesta «No más».",
        "Hi. Reply STOP to opt out.",
    ] {
        assert_eq!(text(template, footer, "ANA RUIZ"), template);
    }
    // What a placeholder would write for some says nothing to the others.
    let hidden = "Hola {{ city | default(\"Responde ALTO\") }}";
    assert!(text(hidden, footer, "ANA RUIZ").ends_with(footer));
    assert!(text("El edificio más alto", "ALTO", "ANA RUIZ").ends_with("\nALTO"));
}

#[test]
fn a_text_that_could_be_empty_or_too_long_for_somebody_is_refused_when_it_is_saved() {
    assert_eq!(refused("{{ first_name }}", "Responde ALTO"), WordingRefused::Empty);
    assert_eq!(refused("  ", ""), WordingRefused::Empty);
    assert_eq!(refused(&"a".repeat(1_531), ""), WordingRefused::TooLong { segments: 11 });
    // 1,490 letters and forty of a name are ten segments; one more is not, and neither is how to say no.
    let of = |n: usize| format!("{}{{{{ first_name }}}}", "a".repeat(n));
    assert_eq!(Wording::of(&plan(&of(1_490)), &identity("")).check(), Ok(()));
    assert_eq!(refused(&of(1_491), ""), WordingRefused::TooLong { segments: 11 });
    assert_eq!(refused(&of(1_490), "ALTO"), WordingRefused::TooLong { segments: 11 });
    // What stands for something missing counts as well.
    let default = format!("{{{{ city | default(\"{}\") }}}}", "a".repeat(1_531));
    assert_eq!(refused(&default, ""), WordingRefused::TooLong { segments: 11 });
    assert_eq!(refused(&format!("á{}", "a".repeat(670)), ""), WordingRefused::TooLong { segments: 11 });
    assert!(refused("a\tb", "").to_string().contains("U+0009"));
    assert!(refused(&of(1_491), "").to_string().contains("11 segments; 10 are the most"));
}

#[test]
fn a_name_whose_letters_would_make_a_text_too_long_is_written_in_plain_ones() {
    let long = format!("{}{{{{ first_name }}}}", "a".repeat(1_400));
    assert!(text(&long, "", "ŁUCJA RUÍZ").ends_with("aucja"), "what has no plain letter is left out");
    assert!(text(&long, "", "ÁNGEL RUÍZ").ends_with("aAngel"));
    assert!(text(&long, "", "Иван").ends_with('a'));
    assert!(text("Hola {{ first_name }}", "", "ÁNGEL RUÍZ").ends_with("Ángel"));
}

proptest! {
    #[test]
    fn of_a_wording_that_was_checked_there_is_a_text_for_everybody(
        literal in "[a-zá😀 ]{0,1600}",
        filter in prop::sample::select(vec!["", "| upper", "| title", "| lower | title"]),
        name in "\\PC{0,60}",
        city in any::<Option<String>>(),
    ) {
        let plan = plan(&format!("{literal}{{{{ full_name {filter} }}}} {{{{ city | default(\"x\") }}}}"));
        let identity = identity("Responde ALTO para no recibir más");
        let wording = Wording::of(&plan, &identity);
        if wording.check().is_ok() {
            let contact = Contact { city, ..somebody(&name) };
            prop_assert!(wording.text_for(&contact).is_ok());
        }
    }
}
