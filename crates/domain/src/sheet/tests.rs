use super::*;

fn records(delimiter: u8, bytes: &[u8], piece: usize) -> Vec<(u64, Vec<String>, bool)> {
    let mut parser = SheetParser::new(delimiter);
    let mut found = Vec::new();
    let mut each = |record: Record| found.push((record.line, record.fields, record.is_cut));
    for piece in bytes.chunks(piece) {
        parser.push(piece, &mut each);
    }
    parser.end(&mut each);
    found
}

fn owned(fields: &[&str]) -> Vec<String> {
    fields.iter().map(|field| (*field).to_owned()).collect()
}

#[test]
fn lines_are_the_same_in_whatever_pieces_they_come() {
    let text = "phone,name\r\n\"55 1234\",\"RUIZ, \"\"ANA\"\"\"\r\n\r\n\n81,\"two\nlines\"\n33,x".as_bytes();
    let expected = [
        (1, owned(&["phone", "name"]), false),
        (2, owned(&["55 1234", "RUIZ, \"ANA\""]), false),
        (5, owned(&["81", "two\nlines"]), false),
        (7, owned(&["33", "x"]), false),
    ];
    for piece in [1, 2, 3, 7, 1_000] {
        assert_eq!(records(b',', text, piece), expected, "in pieces of {piece}");
    }
    let old = b"phone\r55\r\r81\r";
    let lines: Vec<_> =
        records(b',', old, 2).into_iter().map(|(line, fields, _)| (line, fields[0].clone())).collect();
    assert_eq!(lines, [(1, "phone".to_owned()), (2, "55".to_owned()), (4, "81".to_owned())]);
}

#[test]
fn a_mark_at_the_beginning_is_no_part_of_the_first_name_and_old_encodings_are_read() {
    assert_eq!(records(b';', b"\xef\xbb\xbftel;nombre\n55;Pe\xf1a\n", 1_000)[0].1, owned(&["tel", "nombre"]));
    assert_eq!(records(b';', b"55;Pe\xf1a \x93X\x94\n", 3)[0].1, owned(&["55", "Peña \u{201c}X\u{201d}"]));
}

#[test]
fn a_line_that_is_too_long_is_cut_and_those_behind_it_are_read() {
    let long = "9".repeat(20_000);
    let many = ",".repeat(1_200);
    let text = format!("phone\n{long}\n{many}\n55\n");
    for piece in [512, 100_000] {
        let found = records(b',', text.as_bytes(), piece);
        let kinds: Vec<_> =
            found.iter().map(|(line, fields, is_cut)| (*line, fields.len(), *is_cut)).collect();
        assert_eq!(kinds, [(1, 1, false), (2, 1, true), (3, 1, true), (4, 1, false)]);
        assert_eq!(found[1].1[0].len(), 1_000);
    }
}

#[test]
fn columns_are_known_by_their_names_in_either_language() {
    let sheet = Sheet::of_head("Teléfono;NOMBRE COMPLETO;Estado;Nota\n55;x;y;z\n".as_bytes()).unwrap();
    assert_eq!(sheet.delimiter(), b';');
    assert_eq!(sheet.ignored().collect::<Vec<_>>(), ["Nota"]);
    let record = Record {
        line: 2,
        fields: owned(&["55 1234 5670", "ANA", " ", "n"]),
        is_cut: false,
        has_line_break: false,
    };
    let contact = sheet.read(&record).unwrap();
    assert_eq!((contact.phone.as_str(), contact.full_name.as_deref()), ("55 1234 5670", Some("ANA")));
    assert_eq!((contact.state.as_deref(), contact.city), (Some(" "), None));
    assert_eq!(
        sheet.read(&Record { line: 3, fields: owned(&["55"]), is_cut: false, has_line_break: false }),
        None
    );
    // What an extract is written as can be read.
    assert_eq!(Sheet::of_head(b"Number,Content").unwrap().ignored().collect::<Vec<_>>(), ["Content"]);
    assert_eq!(Sheet::of_head(b"phone\n5512345670\n").unwrap().delimiter(), b',');
}

#[test]
fn a_quotation_mark_that_is_not_closed_is_noticed() {
    let breaks = |text: &str| {
        let mut parser = SheetParser::new(b',');
        let mut found = Vec::new();
        let mut each = |record: Record| found.push((record.line, record.is_cut, record.has_line_break));
        parser.push(text.as_bytes(), &mut each);
        parser.end(&mut each);
        found
    };
    assert_eq!(breaks("phone\r\n\"55\nANA\r\n"), [(1, false, false), (2, false, true)]);
    let many = "5512345670,ANA\n".repeat(2_000);
    assert_eq!(breaks(&format!("phone\n\"{many}")), [(1, false, false), (2, true, true)]);
    assert_eq!(breaks(&format!("phone\n{}\r\n55", "9".repeat(20_000)))[1], (2, true, false));
}

#[test]
fn lines_that_were_refused_are_read_as_they_were() {
    let field = |head: &str| {
        let sheet = Sheet::of_head(head.as_bytes()).unwrap();
        let fields = owned(&["2", "unknown_state", "x", "55", "'=1+1"]);
        sheet.read(&Record { line: 2, fields, is_cut: false, has_line_break: false }).unwrap().full_name
    };
    assert_eq!(field("line,reason,detail,phone,name\n").as_deref(), Some("=1+1"));
    assert_eq!(field("line,reason,note,phone,name\n").as_deref(), Some("'=1+1"));
}

#[test]
fn what_is_no_table_of_contacts_is_refused_with_what_to_do() {
    let refused = |head: &[u8]| Sheet::of_head(head).unwrap_err();
    assert_eq!(refused(b""), SheetRefused::Empty);
    assert_eq!(refused(b"\n\r\n"), SheetRefused::Empty);
    assert_eq!(refused(b"PK\x03\x04..."), SheetRefused::IsPacked);
    assert_eq!(refused(b"5512345670,ANA\n"), SheetRefused::HasNoHeader);
    assert_eq!(
        refused(b"nombre,edad\n"),
        SheetRefused::HasNoPhone("\u{201c}nombre\u{201d}, \u{201c}edad\u{201d}".to_owned())
    );
    assert_eq!(
        refused(b"tel,celular\n"),
        SheetRefused::Twice("phone", "\u{201c}tel\u{201d}".to_owned(), "\u{201c}celular\u{201d}".to_owned())
    );
    assert_eq!(refused(b"sep=;\nphone;name\n"), SheetRefused::HasSeparatorLine);
    assert_eq!(refused(b"p\0h\0o\0n\0e\0\n\0"), SheetRefused::IsNoText);
    assert_eq!(refused(b"ANA RUIZ;Calle 5;5-1\n"), SheetRefused::HasNoPhone("3 columns".to_owned()));
    assert_eq!(refused(format!("phone{}\n", ",x".repeat(300)).as_bytes()), SheetRefused::HeadIsTooLong);
    assert_eq!(Sheet::of_head(b"\n\r\ntelefono;nombre\n").unwrap().header().len(), 2);
    let long = format!("\"{}", "phone,".repeat(20_000));
    assert_eq!(refused(&long.as_bytes()[..HEAD_BYTES_MAX]), SheetRefused::HeadIsTooLong);
}
