//! Names, addresses and places of people who do not exist, with the dirt of a list that passed through many hands.

use super::random::Random;

const GIVEN: [&str; 56] = [
    "MARIA",
    "JOSE",
    "JUAN",
    "GUADALUPE",
    "FRANCISCO",
    "LUIS",
    "ANA",
    "JESUS",
    "ROSA",
    "MIGUEL",
    "CARLOS",
    "LAURA",
    "ANTONIO",
    "PATRICIA",
    "MANUEL",
    "SILVIA",
    "JORGE",
    "ADRIANA",
    "ALEJANDRO",
    "VERONICA",
    "RICARDO",
    "CLAUDIA",
    "EDUARDO",
    "GABRIELA",
    "FERNANDO",
    "ELIZABETH",
    "ROBERTO",
    "ALEJANDRA",
    "SERGIO",
    "TERESA",
    "RAUL",
    "LETICIA",
    "ARTURO",
    "MARGARITA",
    "JAVIER",
    "NORMA",
    "ENRIQUE",
    "SANDRA",
    "PEDRO",
    "YOLANDA",
    "OSCAR",
    "ELENA",
    "HECTOR",
    "BEATRIZ",
    "MARTIN",
    "ARACELI",
    "RAFAEL",
    "ISABEL",
    "GERARDO",
    "JOSÉ",
    "MARÍA",
    "ÁNGEL",
    "BEGOÑA",
    "IÑAKI",
    "DANIEL",
    "KARLA",
];
const FAMILY: [&str; 64] = [
    "HERNANDEZ",
    "GARCIA",
    "MARTINEZ",
    "LOPEZ",
    "GONZALEZ",
    "PEREZ",
    "RODRIGUEZ",
    "SANCHEZ",
    "RAMIREZ",
    "CRUZ",
    "FLORES",
    "GOMEZ",
    "MORALES",
    "VAZQUEZ",
    "REYES",
    "JIMENEZ",
    "TORRES",
    "DIAZ",
    "GUTIERREZ",
    "RUIZ",
    "MENDOZA",
    "AGUILAR",
    "ORTIZ",
    "MORENO",
    "CASTILLO",
    "ROMERO",
    "ALVAREZ",
    "MENDEZ",
    "CHAVEZ",
    "RIVERA",
    "JUAREZ",
    "RAMOS",
    "DOMINGUEZ",
    "HERRERA",
    "MEDINA",
    "CASTRO",
    "VARGAS",
    "GUZMAN",
    "VELAZQUEZ",
    "MUÑOZ",
    "ROJAS",
    "CONTRERAS",
    "SALAZAR",
    "LUNA",
    "DE LA CRUZ",
    "ORTEGA",
    "SANTIAGO",
    "GUERRERO",
    "ESTRADA",
    "BAUTISTA",
    "NUÑEZ",
    "PEÑA",
    "CABAÑAS",
    "IBAÑEZ",
    "SOLIS",
    "AVILA",
    "RIOS",
    "VEGA",
    "DEL ANGEL",
    "GARCÍA",
    "LÓPEZ",
    "PEÃ‘A",
    "MU?OZ",
    "TREVIÑO",
];
const STREET: [&str; 30] = [
    "AV JUAREZ",
    "HIDALGO",
    "C 5 DE MAYO",
    "MORELOS",
    "CALLE 16 DE SEPTIEMBRE",
    "INDEPENDENCIA",
    "PRIV ALLENDE",
    "AV REFORMA",
    "ZARAGOZA",
    "C BENITO JUAREZ",
    "GUERRERO",
    "AV INSURGENTES",
    "EMILIANO ZAPATA",
    "FRANCISCO VILLA",
    "BLVD DIAZ ORDAZ",
    "CDA PINOS",
    "AND 4",
    "LAGO DE CHAPALA",
    "RIO LERMA",
    "ROBLE",
    "CIRCUITO DEL SOL",
    "AV DE LAS TORRES",
    "CALLE 3",
    "C 20 DE NOVIEMBRE",
    "MANZANA 4 LOTE 12",
    "NIÑOS HEROES",
    "CAMINO REAL",
    "DURANGO",
    "AV TECNOLÓGICO",
    "PASEO DE LA PEÑA",
];
const QUARTER: [&str; 28] = [
    "CENTRO",
    "LAS FLORES",
    "EMILIANO ZAPATA",
    "BENITO JUAREZ",
    "LA LOMA",
    "SAN JUAN",
    "GUADALUPE",
    "INDUSTRIAL",
    "JARDINES",
    "LOMAS DEL VALLE",
    "VILLA DE LAS FLORES",
    "INFONAVIT",
    "LAZARO CARDENAS",
    "SAN ANTONIO",
    "REVOLUCION",
    "EL MIRADOR",
    "SANTA MARIA",
    "BOSQUES",
    "LA ESPERANZA",
    "VALLE DORADO",
    "AMPLIACION NORTE",
    "COL OBRERA",
    "EL ROSARIO",
    "FRACC REAL",
    "UNIDAD MODELO",
    "PEÑON BLANCO",
    "SAN JOSÉ",
    "00000",
];

/// Writes a name of three or four words in upper case, sometimes with a slip of the keyboard.
pub(super) fn write_name(out: &mut Vec<u8>, random: &mut Random) {
    let start = out.len();
    out.extend_from_slice(random.pick(&GIVEN).as_bytes());
    if random.chance(550) {
        out.push(b' ');
        out.extend_from_slice(random.pick(&GIVEN).as_bytes());
    }
    for _ in 0..2 {
        out.push(b' ');
        out.extend_from_slice(random.pick(&FAMILY).as_bytes());
    }
    if random.chance(30) {
        slip(out, start, random);
    }
}

/// Writes an address of street, number and what stood in for an inner number.
pub(super) fn write_address(out: &mut Vec<u8>, random: &mut Random) {
    out.extend_from_slice(random.pick(&STREET).as_bytes());
    out.push(b' ');
    if random.chance(60) {
        out.extend_from_slice(b"00000");
    } else {
        push_number(out, 1 + random.below(1_999));
    }
    match random.below(10) {
        0..=2 => out.extend_from_slice(b" Int.SIN"),
        3 => {
            out.extend_from_slice(b" Int.");
            push_number(out, 1 + random.below(40));
        }
        _ => {}
    }
}

/// Writes a neighbourhood.
pub(super) fn write_quarter(out: &mut Vec<u8>, random: &mut Random) {
    out.extend_from_slice(random.pick(&QUARTER).as_bytes());
}

/// Writes letters and digits in the form of a tax id, of nobody.
pub(super) fn write_tax_id(out: &mut Vec<u8>, random: &mut Random) {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    out.extend((0..4).map(|_| random.pick(LETTERS)));
    let (year, month, day) = (random.below(100), 1 + random.below(12), 1 + random.below(28));
    out.extend_from_slice(format!("{year:02}{month:02}{day:02}").as_bytes());
    out.extend((0..3).map(|_| random.pick(b"ABCDEFGHJKLMNPQRSTUVWXYZ0123456789")));
}

/// Writes a city as the list has it: in upper case without accents, and in `dirty_per_mille` of cases spoilt.
pub(super) fn write_city(
    out: &mut Vec<u8>,
    city: &str,
    state: &str,
    dirty_per_mille: u32,
    random: &mut Random,
) {
    let start = out.len();
    let is_capital = state == "CMX";
    for char in city.chars() {
        push_upper(out, char);
    }
    if !random.chance(dirty_per_mille) {
        return;
    }
    match random.below(11) {
        0 => out.extend_from_slice(b"@SD"),
        1 => {
            out.truncate(start);
            out.extend_from_slice(b"@X");
        }
        2 if is_capital => {
            out.truncate(start);
            out.extend_from_slice(b"MEX DF");
        }
        2 | 3 => {
            out.push(b' ');
            out.extend_from_slice(short_state(state).as_bytes());
        }
        4 => {
            out.push(b' ');
            for letter in short_state(state).bytes() {
                out.extend([letter, b'.']);
            }
        }
        5 => retain_from(out, start, |byte| byte != b' '),
        6 => match out[start..].iter().position(|byte| *byte == b' ') {
            Some(space) => out.insert(start + space, b' '),
            None => out.extend_from_slice(b"  "),
        },
        7 => out.push(b'.'),
        8 => out[start..].make_ascii_lowercase(),
        _ => slip(out, start, random),
    }
}

fn short_state(state: &str) -> &str {
    match state {
        "NLE" => "NL",
        "CMX" => "DF",
        "BCN" => "BC",
        "QUE" => "QRO",
        "GUA" => "GTO",
        other => other,
    }
}

fn push_upper(out: &mut Vec<u8>, char: char) {
    let plain = match char {
        'á' | 'Á' => 'A',
        'é' | 'É' => 'E',
        'í' | 'Í' => 'I',
        'ó' | 'Ó' => 'O',
        'ú' | 'Ú' | 'ü' | 'Ü' => 'U',
        'ñ' => 'Ñ',
        other => other.to_ascii_uppercase(),
    };
    out.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes());
}

fn retain_from(out: &mut Vec<u8>, start: usize, keep: impl Fn(u8) -> bool) {
    let mut at = 0;
    out.retain(|byte| {
        at += 1;
        at <= start || keep(*byte)
    });
}

/// A letter left out, struck twice, or exchanged with the next; characters of more than a byte stay whole.
fn slip(out: &mut Vec<u8>, start: usize, random: &mut Random) {
    let length = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    if length < 3 {
        return;
    }
    let at = start + random.below(length - 1) as usize;
    if !out[at].is_ascii_alphabetic() || !out[at + 1].is_ascii_alphabetic() {
        return;
    }
    match random.below(3) {
        0 => {
            out.remove(at);
        }
        1 => out.insert(at, out[at]),
        _ => out.swap(at, at + 1),
    }
}

fn push_number(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(number.to_string().as_bytes());
}
