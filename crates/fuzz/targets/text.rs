//! What people write is read as a word or none, and a text is measured as it is sent.
#![no_main]

use domain::sms::measure;
use domain::{advice, keyword};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = keyword::read(text);
    let _ = keyword::tells_how_to_say_no(text);
    let _ = advice::advise(text, None);
    let measured = measure(text);
    assert!(measured.segments as usize <= measured.units as usize || text.is_empty());
});
