//! States as the real file writes them, and whose numbers carry them.

use domain::state::StateCode;

use super::lead::{Leads, scaled};
use super::random::Random;

/// How a state is written: the spelling that its rows mostly have, rows per million with that one where the real file
/// tells, and others.
struct Written {
    code: &'static str,
    main: &'static [(&'static str, u32)],
    others: &'static [&'static str],
}

const fn written(
    code: &'static str,
    main: &'static [(&'static str, u32)],
    others: &'static [&'static str],
) -> Written {
    Written { code, main, others }
}

const WRITTEN: [Written; 32] = [
    written("AGU", &[("AGS", 0)], &["AGUASCALIENTES"]),
    written("BCN", &[("BC", 45_300)], &["BAJA CALIFORNIA", "B.C.", "BCN"]),
    written("BCS", &[("BCS", 12_000)], &["BAJA CALIFORNIA SUR", "B.C.S."]),
    written("CAM", &[("CAMP", 0)], &["CAMPECHE"]),
    written("CHP", &[("CHIS", 0)], &["CHIAPAS"]),
    written("CHH", &[("CHIH", 0)], &["CHIHUAHUA"]),
    written(
        "CMX",
        &[("CDMX", 51_600), ("DISTR", 43_900)],
        &["DF", "D.F.", "DISTRITO FEDERAL", "CD DE MEXICO", "MEXICO D.F.", "MEX DF", "CIUDAD DE MÉXICO"],
    ),
    written("COA", &[("COAH", 21_300)], &["COAHUILA"]),
    written("COL", &[("COL", 0)], &["COLIMA"]),
    written("DUR", &[("DGO", 0)], &["DURANGO"]),
    written("GUA", &[("GTO", 0)], &["GUANAJUATO"]),
    written("GRO", &[("GRO", 0)], &["GUERRERO", "GRO."]),
    written("HID", &[("HGO", 0)], &["HIDALGO"]),
    written("JAL", &[("JAL", 33_000)], &["JALISCO", "JAL."]),
    written("MEX", &[("MEX", 0)], &["EDO MEX", "EDO. DE MEXICO", "ESTADO DE MÉXICO", "MÉXICO", "EDOMEX"]),
    written("MIC", &[("MICH", 40_900)], &["MICHOACAN", "MICHOACÁN", "MICH."]),
    written("MOR", &[("MOR", 0)], &["MORELOS", "MOR."]),
    written("NAY", &[("NAY", 12_600)], &["NAYARIT"]),
    written("NLE", &[("NL", 0)], &["NUEVO LEON", "N.L.", "NVO. LEON", "NUEVO LEÓN"]),
    written("OAX", &[("OAX", 0)], &["OAXACA"]),
    written("PUE", &[("PUE", 0)], &["PUEBLA", "PUE."]),
    written("QUE", &[("QRO", 0)], &["QUERETARO", "QUERÉTARO"]),
    written("ROO", &[("QROO", 0)], &["Q. ROO", "QUINTANA ROO"]),
    written("SLP", &[("SLP", 0)], &["SAN LUIS POTOSI", "S.L.P."]),
    written("SIN", &[("SIN", 0)], &["SINALOA", "SIN."]),
    written("SON", &[("SON", 28_400)], &["SONORA", "SON."]),
    written("TAB", &[("TAB", 0)], &["TABASCO"]),
    written("TAM", &[("TAMPS", 21_800)], &["TAMS", "TAMAULIPAS", "TAMPS."]),
    written("TLA", &[("TLAX", 0)], &["TLAXCALA"]),
    written("VER", &[("VER", 0)], &["VERACRUZ", "VERACRUZ-LLAVE"]),
    written("YUC", &[("YUC", 0)], &["YUCATAN", "YUCATÁN"]),
    written("ZAC", &[("ZAC", 0)], &["ZACATECAS"]),
];
/// Spellings of no state, and how many rows per million have one of them.
pub(super) const UNMAPPABLE: [&str; 6] = ["X", "NO ESP", "EXTRANJERO", "S/D", "CALIF", "TEX"];
const UNMAPPABLE_SHARE: f64 = 0.002;
/// Of a state that the real file does not count: rows per 100 of its numbers' rows.
const FILLED: f64 = 0.70;
/// At most so many rows of a state's numbers name that state; what a state has beyond that comes from elsewhere.
const AT_HOME: f64 = 0.85;
/// Per 1,000 rows of a state, those that write it in another way than mostly.
const OTHERS_PER_MILLE: u32 = 100;

/// Which state a row names.
#[derive(Debug)]
pub(super) struct States {
    /// By place in [`WRITTEN`]: how likely a number of the state names it.
    at_home: Vec<u32>,
    /// Sums of the shares of those who name another, by place in [`WRITTEN`]; beyond the last, a spelling of no state;
    /// beyond that, nothing.
    elsewhere: Vec<u32>,
}

impl States {
    pub(super) fn new(leads: &Leads) -> Self {
        let numbers: Vec<f64> = WRITTEN
            .iter()
            .map(|written| {
                let own = |lead: &&super::lead::Lead| {
                    lead.place.is_some_and(|place| place.state.as_str() == written.code)
                };
                leads.all().iter().filter(own).map(|lead| lead.share).sum()
            })
            .collect();
        let rows: Vec<f64> = WRITTEN
            .iter()
            .zip(&numbers)
            .map(|(written, numbers)| match written.main.iter().map(|(_, rows)| rows).sum::<u32>() {
                0 => numbers * FILLED,
                main => f64::from(main) / 1e6 / (1.0 - f64::from(OTHERS_PER_MILLE) / 1_000.0),
            })
            .collect();
        let home: Vec<f64> =
            numbers.iter().zip(&rows).map(|(numbers, rows)| rows.min(numbers * AT_HOME)).collect();
        let away = (1.0 - home.iter().sum::<f64>()).max(f64::EPSILON);
        let at_home = home
            .iter()
            .zip(&numbers)
            .map(|(home, numbers)| scaled(if *numbers > 0.0 { home / numbers } else { 0.0 }))
            .collect();
        let mut sum = 0.0;
        let foreign = rows.iter().zip(&home).map(|(rows, home)| rows - home).chain([UNMAPPABLE_SHARE]);
        let elsewhere = foreign
            .map(|share| {
                sum += share / away;
                scaled(sum.min(1.0))
            })
            .collect();
        Self { at_home, elsewhere }
    }

    /// What a row whose number is at home in `state` has for its state; `None` for NULL.
    pub(super) fn spell(&self, state: Option<StateCode>, random: &mut Random) -> Option<&'static str> {
        let home = state.and_then(|state| WRITTEN.iter().position(|written| written.code == state.as_str()));
        if let Some(home) = home
            && random.word() < self.at_home[home]
        {
            return Some(WRITTEN[home].spell(random));
        }
        let word = random.word();
        match self.elsewhere.partition_point(|end| *end <= word) {
            at if at < WRITTEN.len() => Some(WRITTEN[at].spell(random)),
            at if at < self.elsewhere.len() => Some(random.pick(&UNMAPPABLE)),
            _ => None,
        }
    }
}

impl Written {
    fn spell(&self, random: &mut Random) -> &'static str {
        if random.chance(OTHERS_PER_MILLE) {
            return random.pick(self.others);
        }
        match *self.main {
            [(one, _)] => one,
            [(one, rows), (other, more)] => {
                if random.below(rows + more) < rows {
                    one
                } else {
                    other
                }
            }
            _ => self.code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_that_of_its_state_and_of_no_other() {
        let mut count = UNMAPPABLE.len();
        for written in &WRITTEN {
            let spellings = written.main.iter().map(|(spelling, _)| spelling).chain(written.others);
            for spelling in spellings {
                count += 1;
                let state = StateCode::from_spelling(spelling);
                assert_eq!(state.as_ref().map(StateCode::as_str), Some(written.code), "{spelling}");
            }
        }
        for spelling in UNMAPPABLE {
            assert_eq!(StateCode::from_spelling(spelling), None, "{spelling}");
        }
        assert_eq!(count, 96 + UNMAPPABLE.len());
    }
}
