//! A definition is refused in words or taken within its bounds, and means the same after it was written down.
#![no_main]

use domain::segment::SegmentDefinition;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(definition) = serde_json::from_slice::<SegmentDefinition>(body) else { return };
    let written = serde_json::to_vec(&definition).expect("what was read can be written");
    let again: SegmentDefinition = serde_json::from_slice(&written).expect("what was written can be read");
    match (definition.check(), again.check()) {
        (Ok(segment), Ok(same)) => assert_eq!(segment, same),
        (Err(refused), Err(_)) => assert!(!refused.to_string().is_empty()),
        (first, second) => panic!("{first:?} is not {second:?}"),
    }
});
