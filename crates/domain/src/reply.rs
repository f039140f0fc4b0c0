//! What is answered to people who wrote one of the words.

use crate::keyword::Meaning;
use crate::sender::SenderIdentity;

/// The texts, each with `{brand}`, `{address}`, `{phone}` and `{email}` where the sender's are to stand. An empty one is not sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplyTexts {
    /// To who said no.
    pub opt_out: String,
    /// To who took a no back.
    pub opt_in: String,
    /// To who asked for help.
    pub help: String,
}

impl ReplyTexts {
    /// The answer of a sender; `None` where nothing is answered.
    #[must_use]
    pub fn compose(&self, meaning: Meaning, sender: &SenderIdentity) -> Option<String> {
        let text = match meaning {
            Meaning::OptOut => &self.opt_out,
            Meaning::OptIn => &self.opt_in,
            Meaning::Help => &self.help,
            Meaning::Other => return None,
        };
        let mut composed = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            composed.push_str(before);
            let known = [
                ("{brand}", &sender.brand),
                ("{address}", &sender.address),
                ("{phone}", &sender.phone),
                ("{email}", &sender.email),
            ];
            let place = known.into_iter().find(|(name, _)| from.starts_with(name));
            let (written, read) = place.map_or(("{", 1), |(name, value)| (value.as_str(), name.len()));
            composed.push_str(written);
            rest = &from[read..];
        }
        composed.push_str(rest);
        let composed = composed.trim();
        (!composed.is_empty()).then(|| composed.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_says_who_answers_and_what_a_brand_is_called_is_no_place() {
        let texts = ReplyTexts {
            opt_out: "{brand} ya no te escribe".to_owned(),
            opt_in: "  ".to_owned(),
            help: "{brand}: {phone}, {email}, {address}, {nadie} {".to_owned(),
        };
        let sender = SenderIdentity {
            brand: "Tienda {phone}".to_owned(),
            address: "Calle 1".to_owned(),
            phone: "+525500000000".to_owned(),
            email: "hola@tienda.example".to_owned(),
            opt_out_text: String::new(),
        };
        let said = |meaning| texts.compose(meaning, &sender);
        assert_eq!(said(Meaning::OptOut).as_deref(), Some("Tienda {phone} ya no te escribe"));
        let help = "Tienda {phone}: +525500000000, hola@tienda.example, Calle 1, {nadie} {";
        assert_eq!(said(Meaning::Help).as_deref(), Some(help));
        assert_eq!(said(Meaning::OptIn), None, "nothing is said");
        assert_eq!(said(Meaning::Other), None);
    }
}
