//! The machine's clock and ids keep what their ports promise.

use system::{SystemClock, SystemIds};

testkit::clock_contract!(SystemClock);
testkit::ids_contract!(SystemIds);
