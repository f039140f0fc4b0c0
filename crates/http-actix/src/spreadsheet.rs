//! Tables that people open in a spreadsheet.

/// A text as a cell: what a spreadsheet would take for a formula is made a text. A number of a telephone with its sign is none.
pub(crate) fn cell(text: &str) -> String {
    let is_phone = |rest: &str| rest.chars().all(|c| c.is_ascii_digit() || "-.() ".contains(c));
    let is_formula = match text.strip_prefix('+') {
        Some(rest) => !is_phone(rest),
        None => text.starts_with(['=', '-', '@', '\t', '\r']),
    };
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

/// Records as CSV with the line ends that spreadsheets write.
pub(crate) fn written<R>(records: impl IntoIterator<Item = R>) -> Vec<u8>
where
    R: IntoIterator<Item: AsRef<[u8]>>,
{
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(Vec::new());
    for record in records {
        // Nothing fails that is written to memory.
        let _ = writer.write_record(record);
    }
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_take_for_a_formula_is_a_text() {
        for formula in ["=1+1", "@SUM(A1)", "+1+cmd|' /C calc'!A0", "-2+3", "+1+1", "-12.5", "\t=1"] {
            assert_eq!(cell(formula), format!("'{formula}"));
        }
        for text in ["", "Culiacán", "+52 (55) 1234-5670", "a=b"] {
            assert_eq!(cell(text), text);
        }
    }
}
