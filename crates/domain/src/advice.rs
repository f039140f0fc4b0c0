//! What is worth a second look in a text before it goes: characters that make it dearer than it need be, links that carriers
//! stop, and what people must be told. Nothing here keeps a text from being sent.

use crate::keyword::{tells_how_to_say_no, words};
use crate::sender::{SenderAddress, SenderIdentity, SenderKind};
use crate::sms::{Encoding, Transliteration, measure, non_gsm_characters};

/// Hosts that anybody may make short links on. Carriers stop them, for nobody can say where they lead.
const SHORTENERS: [&str; 20] = [
    "acortar.link",
    "adf.ly",
    "bit.do",
    "bit.ly",
    "buff.ly",
    "cutt.ly",
    "goo.gl",
    "is.gd",
    "j.mp",
    "lnkd.in",
    "n9.cl",
    "ow.ly",
    "rb.gy",
    "rebrand.ly",
    "s.id",
    "shorturl.at",
    "t.co",
    "t.ly",
    "tiny.cc",
    "tinyurl.com",
];

/// Digits of the shortest number that can be written to.
const NUMBER_DIGITS: usize = 5;

/// Of more segments people read no further, and each is paid for.
const SEGMENTS_READ: u32 = 3;

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// Characters that have a like in the alphabet of GSM, and make the text take more segments than with it.
    Lookalikes {
        /// Each, and what may stand for it.
        characters: Vec<(char, String)>,
        /// The segments it takes.
        segments: u32,
        /// Those it would take.
        segments_without: u32,
    },
    /// Characters that nothing stands for, emoji above all, and that make the text take more segments than without them.
    Costly {
        /// Each of them.
        characters: Vec<char>,
        /// The segments it takes.
        segments: u32,
        /// Those it would take.
        segments_without: u32,
    },
    /// A link of a host where anybody makes short ones.
    Shortener {
        /// The host.
        host: &'static str,
    },
    /// Longer than people read.
    Long {
        /// The segments it takes.
        segments: u32,
    },
    /// It does not say who writes.
    NoSender {
        /// Who does.
        brand: String,
    },
    /// It does not tell how to say no.
    NoOptOut,
    /// It tells people to answer, and nobody can answer this sender.
    NoReplies,
}

impl Advice {
    /// A short code, stable over time.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Lookalikes { .. } => "lookalikes",
            Self::Costly { .. } => "costly_characters",
            Self::Shortener { .. } => "link_shortener",
            Self::Long { .. } => "long",
            Self::NoSender { .. } => "no_sender",
            Self::NoOptOut => "no_opt_out",
            Self::NoReplies => "no_replies",
        }
    }
}

/// What is to be said of `text`, dearest first. Of who writes it nothing is said where no sender is given.
#[must_use]
pub fn advise(text: &str, sender: Option<(&SenderAddress, &SenderIdentity)>) -> Vec<Advice> {
    let mut advice = of_cost(text);
    advice.extend(shorteners(text).map(|host| Advice::Shortener { host }));
    let tells = tells_how_to_say_no(text);
    let Some((address, identity)) = sender else {
        if !tells {
            advice.push(Advice::NoOptOut);
        }
        return advice;
    };
    if !identity.brand.is_empty() && !names(text, &identity.brand) && !names(text, &address.value) {
        advice.push(Advice::NoSender { brand: identity.brand.clone() });
    }
    let has_own_way = !identity.opt_out_text.is_empty() && text.contains(&identity.opt_out_text);
    if tells && address.kind == SenderKind::Alphanumeric && !has_another_way(text) {
        advice.push(Advice::NoReplies);
    } else if !tells && !has_own_way {
        advice.push(Advice::NoOptOut);
    }
    advice
}

/// What makes a text dearer than it need be.
fn of_cost(text: &str) -> Vec<Advice> {
    let mut advice = Vec::new();
    let segments = measure(text).segments;
    let plain = Transliteration::Replace.apply(text);
    let plain_segments = measure(&plain).segments;
    if plain_segments < segments {
        let characters = non_gsm_characters(text)
            .into_iter()
            .filter_map(|(c, _)| {
                let like = Transliteration::Replace.apply(c.encode_utf8(&mut [0; 4])).into_owned();
                non_gsm_characters(&like).is_empty().then_some((c, like))
            })
            .collect();
        advice.push(Advice::Lookalikes { characters, segments, segments_without: plain_segments });
    }
    let characters: Vec<char> = non_gsm_characters(&plain).into_iter().map(|(c, _)| c).collect();
    let without: String =
        plain.chars().filter(|c| measure(c.encode_utf8(&mut [0; 4])).encoding == Encoding::Gsm7).collect();
    let segments_without = measure(&without).segments;
    if !characters.is_empty() && segments_without < plain_segments {
        advice.push(Advice::Costly { characters, segments: plain_segments, segments_without });
    }
    if plain_segments > SEGMENTS_READ {
        advice.push(Advice::Long { segments });
    }
    advice
}

/// The shorteners that a text has a link of, each once.
fn shorteners(text: &str) -> impl Iterator<Item = &'static str> {
    let hosts: Vec<String> = links(text).map(|link| host_of(&link)).collect();
    SHORTENERS.into_iter().filter(move |shortener| hosts.iter().any(|host| host == shortener))
}

/// What may be links: people write them with and without `https://`, and close to other words.
fn links(text: &str) -> impl Iterator<Item = String> {
    let lower = text.to_lowercase().replace("://", " ");
    let links = lower.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '/')));
    links.filter(|link| link.contains('.')).map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// The host of a link.
fn host_of(link: &str) -> String {
    let host = link.split('/').find(|part| !part.is_empty()).unwrap_or_default().trim_matches('.');
    host.strip_prefix("www.").unwrap_or(host).to_owned()
}

/// Whether a text names a place where people can say no without answering: a number, or a link.
fn has_another_way(text: &str) -> bool {
    let is_number =
        |word: &str| word.len() >= NUMBER_DIGITS && word.bytes().all(|byte| byte.is_ascii_digit());
    text.split(|c: char| !c.is_alphanumeric()).any(is_number) || links(text).any(|link| link.contains('/'))
}

/// Whether a text has the words of a name in it, one behind the other, whatever their case and accents.
fn names(text: &str, name: &str) -> bool {
    let name = words(name).join(" ");
    !name.is_empty() && format!(" {} ", words(text).join(" ")).contains(&format!(" {name} "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop(kind: SenderKind) -> (SenderAddress, SenderIdentity) {
        let identity = SenderIdentity {
            brand: "Tienda Pérez".to_owned(),
            opt_out_text: "Baja: tienda.example/baja".to_owned(),
            ..SenderIdentity::default()
        };
        (SenderAddress { kind, value: "TIENDAP".to_owned() }, identity)
    }

    fn codes(text: &str, kind: Option<SenderKind>) -> Vec<&'static str> {
        let shop = kind.map(shop);
        advise(text, shop.as_ref().map(|(address, identity)| (address, identity)))
            .iter()
            .map(Advice::code)
            .collect()
    }

    #[test]
    fn a_single_accent_that_costs_a_segment_is_named_with_its_like() {
        let text = format!("Camión{} Responde ALTO", "a".repeat(80));
        let advice = advise(&text, None);
        assert_eq!(
            advice,
            [Advice::Lookalikes {
                characters: vec![('ó', "o".to_owned())],
                segments: 2,
                segments_without: 1
            }]
        );
        let short = "Camión. Responde ALTO";
        assert!(advise(short, None).is_empty(), "one segment either way");
    }

    #[test]
    fn an_emoji_has_no_like_and_is_named_only_where_it_costs() {
        let text = format!("Oferta 🎉’ {} Responde ALTO", "a".repeat(60));
        assert_eq!(codes(&text, None), ["costly_characters"]);
        let Advice::Costly { characters, segments, segments_without } = &advise(&text, None)[0] else {
            panic!()
        };
        assert_eq!((characters.as_slice(), *segments, *segments_without), (&['🎉'][..], 2, 1));
        assert!(codes("Oferta 🎉 Responde ALTO", None).is_empty());
    }

    #[test]
    fn links_that_carriers_stop_are_found_however_they_are_written() {
        for link in [
            "bit.ly/x",
            "https://bit.ly/3xYz",
            "HTTP://WWW.BIT.LY",
            "(bit.ly/a)",
            "«bit.ly.»",
            "bit.ly?x=1",
            "aquí:bit.ly/x",
        ] {
            let text = format!("Mira {link} hoy. Responde ALTO");
            assert_eq!(advise(&text, None), [Advice::Shortener { host: "bit.ly" }], "{link}");
        }
        for word in ["tienda.example/bit.ly", "notbit.ly/x", "bit", "ly", "bit.lya", "x@bit.lyx"] {
            assert!(codes(&format!("{word} Responde ALTO"), None).is_empty(), "{word}");
        }
    }

    #[test]
    fn people_are_told_who_writes_and_how_to_say_no_in_a_way_they_can() {
        use SenderKind::{Alphanumeric, LongCode, ShortCode};
        assert_eq!(codes("Hoy 20%", None), ["no_opt_out"]);
        assert_eq!(codes("Hoy 20%", Some(LongCode)), ["no_sender", "no_opt_out"]);
        for text in ["TIENDA PEREZ: hoy 20%. Responde ALTO", "tiendap hoy 20%. Responde BAJA"] {
            assert!(codes(text, Some(ShortCode)).is_empty(), "{text}");
            assert_eq!(codes(text, Some(Alphanumeric)), ["no_replies"], "{text}");
        }
        for text in
            ["Tienda Perez: Envía BAJA al 12345", "Tienda Perez: Responde BAJA o entra a tienda.example/baja"]
        {
            assert!(codes(text, Some(Alphanumeric)).is_empty(), "{text}");
        }
        let brand = SenderIdentity { brand: "No Más Vello".to_owned(), ..SenderIdentity::default() };
        let from = SenderAddress { kind: LongCode, value: "+525500000001".to_owned() };
        assert!(advise("Hoy en NO MAS VELLO 20%. Responde ALTO", Some((&from, &brand))).is_empty());
        let with_own_way = "Tienda Pérez: hoy 20%. Baja: tienda.example/baja";
        assert!(codes(with_own_way, Some(Alphanumeric)).is_empty());
    }

    #[test]
    fn what_is_longer_than_people_read_is_told() {
        let text = |letters| format!("{} Responde ALTO", "a".repeat(letters));
        assert!(codes(&text(400), None).is_empty());
        assert_eq!(advise(&text(460), None), [Advice::Long { segments: 4 }]);
    }

    #[test]
    fn the_shorteners_are_in_order_and_each_stands_once() {
        assert!(SHORTENERS.is_sorted_by(|a, b| a < b));
    }
}
