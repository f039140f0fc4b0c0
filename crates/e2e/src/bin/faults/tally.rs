//! How often each fault struck, and what was wrong after it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use crate::fault::Fault;
use crate::verdict::{Verdict, Violation};

#[derive(Debug, Default)]
pub(crate) struct Tally {
    struck: BTreeMap<Fault, u32>,
    /// What was found in rounds in which the fault struck.
    found: BTreeMap<(Fault, Violation), usize>,
}

impl Tally {
    pub(crate) fn add(&mut self, faults: &[Fault], verdict: &Verdict) {
        for fault in faults {
            *self.struck.entry(*fault).or_default() += 1;
            for (violation, found) in &verdict.violations {
                *self.found.entry((*fault, *violation)).or_default() += found.len();
            }
        }
    }

    fn found(&self, fault: Fault, violation: Violation) -> usize {
        self.found.get(&(fault, violation)).copied().unwrap_or_default()
    }

    pub(crate) fn to_json(&self) -> Value {
        let faults = Fault::ALL.map(|fault| {
            let found: BTreeMap<&str, usize> =
                Violation::ALL.into_iter().map(|kind| (kind.as_str(), self.found(fault, kind))).collect();
            json!({"fault": fault.as_str(), "struck": self.struck.get(&fault).unwrap_or(&0), "violations": found})
        });
        json!(faults)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{:<44} {:>6}", "fault", "struck")?;
        for violation in Violation::ALL {
            write!(f, "  {}", violation.as_str())?;
        }
        writeln!(f)?;
        for fault in Fault::ALL {
            write!(f, "{:<44} {:>6}", fault.as_str(), self.struck.get(&fault).unwrap_or(&0))?;
            for violation in Violation::ALL {
                let width = violation.as_str().len();
                write!(f, "  {:>width$}", self.found(fault, violation))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
