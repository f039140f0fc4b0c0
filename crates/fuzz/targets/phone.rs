//! What is read as a number is one, and is read again from what it is written as.
#![no_main]

use domain::phone::PhoneNumber;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &str| {
    let Ok(phone) = PhoneNumber::parse(raw) else { return };
    let written = phone.e164().to_string();
    assert_eq!(PhoneNumber::parse(&written), Ok(phone), "{written}");
    assert!(written.len() == 13 && written.starts_with("+52"), "{written}");
    assert!(!phone.masked().to_string().contains(&written[3..9]), "a mask shows what it hides");
});
