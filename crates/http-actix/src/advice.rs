//! What is worth a second look in a text, in words.

use domain::advice::Advice;
use serde::Serialize;
use utoipa::ToSchema;

/// Something to look at before a text goes. Nothing of it keeps a text from being sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdviceView {
    /// lookalikes, `costly_characters`, `link_shortener`, long, `no_sender`, `no_opt_out` or `no_replies`.
    code: &'static str,
    /// Characters that are concerned, each with what may stand for it; empty where nothing may.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    characters: Vec<ReplacementView>,
    /// What to do, in English.
    en: String,
    /// What to do, in Spanish.
    es: String,
}

/// A character, and what may stand for it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReplacementView {
    #[schema(value_type = String)]
    char: char,
    replacement: String,
}

impl From<Advice> for AdviceView {
    fn from(advice: Advice) -> Self {
        let code = advice.code();
        let (en, es) = sentences(&advice);
        let characters = match advice {
            Advice::Lookalikes { characters, .. } => characters
                .into_iter()
                .map(|(char, replacement)| ReplacementView { char, replacement })
                .collect(),
            Advice::Costly { characters, .. } => characters
                .into_iter()
                .map(|char| ReplacementView { char, replacement: String::new() })
                .collect(),
            Advice::Shortener { .. }
            | Advice::Long { .. }
            | Advice::NoSender { .. }
            | Advice::NoOptOut
            | Advice::NoReplies => Vec::new(),
        };
        Self { code, characters, en, es }
    }
}

fn sentences(advice: &Advice) -> (String, String) {
    match advice {
        Advice::Lookalikes { characters, segments, segments_without } => {
            let shown = shown(characters.iter().map(|(c, _)| *c));
            (
                format!(
                    "{shown} make it {segments} segments; with plain letters it takes {segments_without}. \
                     Set transliterate, or write them plainly."
                ),
                format!(
                    "{shown} lo hacen de {segments} segmentos; con letras simples son {segments_without}. \
                     Active transliterate o escríbalos sin acento."
                ),
            )
        }
        Advice::Costly { characters, segments, segments_without } => {
            let shown = shown(characters.iter().copied());
            (
                format!("{shown} make it {segments} segments; without them it takes {segments_without}."),
                format!("{shown} lo hacen de {segments} segmentos; sin ellos son {segments_without}."),
            )
        }
        Advice::Shortener { host } => (
            format!("Carriers stop links of {host}: link to a domain of your own."),
            format!("Los operadores detienen enlaces de {host}: use un dominio propio."),
        ),
        Advice::Long { segments } => (
            format!("{segments} segments are more than people read, and each is paid for: make it shorter."),
            format!("{segments} segmentos son más de lo que se lee, y cada uno se paga: acórtelo."),
        ),
        Advice::NoSender { brand } => (
            format!("It does not say who writes: name {brand}."),
            format!("No dice quién escribe: nombre a {brand}."),
        ),
        Advice::NoOptOut => (
            "It does not tell how to say no, as in «Responde ALTO».".to_owned(),
            "No dice cómo darse de baja, como en «Responde ALTO».".to_owned(),
        ),
        Advice::NoReplies => (
            "It asks for an answer, and nobody can answer this sender: give a link or a number instead."
                .to_owned(),
            "Pide una respuesta, y a este remitente nadie puede responder: dé un enlace o un número."
                .to_owned(),
        ),
    }
}

/// The characters, as they stand in a sentence.
fn shown(characters: impl Iterator<Item = char>) -> String {
    characters.map(|c| format!("«{c}»")).collect::<Vec<_>>().join(" ")
}
