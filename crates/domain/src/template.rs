//! The text of a campaign, with placeholders of what is known about each contact: `Hola {{ first_name | title }}`.
//!
//! Only names and filters: no statement, no arithmetic, nothing that could run long or grow. A placeholder of something that a contact does
//! not have renders as nothing, unless it says what to write instead: `{{ city | default("tu ciudad") }}`. What it has is cut to
//! [`VALUE_CHARS_MAX`] characters, at the end of a word where there is one, so that the longest text a template makes is known when it is read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, filters};

use crate::contact::Contact;
use crate::name;

/// The placeholders there are.
pub const PLACEHOLDERS: [&str; 7] =
    ["full_name", "first_name", "city", "state", "municipality", "neighborhood", "lada"];

/// The filters there are.
pub const FILTERS: [&str; 6] = ["title", "upper", "lower", "trim", "primer_nombre", "default"];

/// The most characters that a placeholder becomes, but for what its `default` writes.
pub const VALUE_CHARS_MAX: usize = 40;

/// The longest template, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 8_000;

/// Steps that rendering one text may take.
const FUEL: u64 = 10_000;

/// The name under which an environment keeps its one template.
const NAME: &str = "message";

/// A template that renders for every contact.
#[derive(Clone)]
pub struct Template {
    source: String,
    /// The placeholders it names.
    names: Vec<&'static str>,
    /// What stands outside of them.
    literal: String,
    environment: Environment<'static>,
}

/// What placeholders become, by their names; one that is missing becomes nothing.
pub(crate) type Values<'a> = BTreeMap<&'static str, Cow<'a, str>>;

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// When it is too long, its syntax is wrong, or it names a placeholder or a filter that is none.
    pub fn parse(source: &str) -> Result<Self, TemplateRefused> {
        if source.len() > TEMPLATE_BYTES_MAX {
            return Err(TemplateRefused::TooLong { bytes: source.len() });
        }
        if source.contains("{%") || source.contains("{#") {
            return Err(TemplateRefused::Statement);
        }
        let (names, literal) = read_placeholders(source)?;
        let mut environment = Environment::empty();
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        environment.set_fuel(Some(FUEL));
        environment.add_filter("title", |text: String| name::titled(&text));
        environment.add_filter("upper", filters::upper);
        environment.add_filter("lower", filters::lower);
        environment.add_filter("trim", filters::trim);
        environment.add_filter("primer_nombre", |text: String| {
            name::first_name(&text).map(Cow::into_owned).unwrap_or_default()
        });
        // What another filter made of nothing is nothing, too.
        environment.add_filter("default", |value: Value, instead: Option<String>| {
            if value.is_true() { value } else { Value::from(instead.unwrap_or_default()) }
        });
        let syntax = |error: &minijinja::Error| TemplateRefused::Syntax {
            reason: error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
            line: error.line(),
        };
        environment.add_template_owned(NAME, source.to_owned()).map_err(|error| syntax(&error))?;
        let template = Self { source: source.to_owned(), names, literal, environment };
        // What a filter is given shows when it is used.
        for value in ["Ana", ""] {
            let values = PLACEHOLDERS.map(|name| (name, Cow::Borrowed(value))).into_iter().collect();
            template.rendered(&values).map_err(|error| syntax(&error))?;
        }
        template.rendered(&Values::new()).map_err(|error| syntax(&error))?;
        Ok(template)
    }

    /// The template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The placeholders it names.
    pub(crate) fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// What stands in it besides placeholders.
    pub(crate) fn literal(&self) -> &str {
        &self.literal
    }

    /// The text for one contact. Gaps that something missing left are closed.
    ///
    /// # Errors
    /// When rendering took more steps than it may.
    pub fn render(&self, contact: &Contact) -> Result<String, RenderFailed> {
        self.render_values(&self.values_of(contact))
    }

    /// What is known of a contact, as far as the template names it.
    pub(crate) fn values_of<'a>(&self, contact: &'a Contact) -> Values<'a> {
        let value = |name: &&'static str| Some((*name, cut(known(contact, name)?)));
        self.names.iter().filter_map(value).collect()
    }

    /// The text with these values.
    pub(crate) fn render_values(&self, values: &Values<'_>) -> Result<String, RenderFailed> {
        self.rendered(values).map(|text| close_gaps(&text)).map_err(|_| RenderFailed)
    }

    fn rendered(&self, values: &Values<'_>) -> Result<String, minijinja::Error> {
        let values = values.iter().map(|(name, value)| (*name, value.as_ref()));
        self.environment.get_template(NAME)?.render(Value::from_pairs(values))
    }
}

/// What a contact has of a placeholder's name.
fn known<'a>(contact: &'a Contact, name: &str) -> Option<Cow<'a, str>> {
    let full_name = contact.full_name.as_deref();
    match name {
        "full_name" => full_name.map(name::display),
        "first_name" => full_name.and_then(name::first_name),
        "city" => contact.city.as_deref().map(Cow::Borrowed),
        "state" => contact.state.map(|state| Cow::Borrowed(state.name())),
        "municipality" => contact.municipality.as_deref().map(Cow::Borrowed),
        "neighborhood" => contact.neighborhood.as_deref().map(Cow::Borrowed),
        "lada" => contact.lada.map(|lada| Cow::Owned(lada.to_string())),
        _ => None,
    }
}

/// At most as many characters as a value may have; a word that does not fit goes, but for the first.
fn cut(value: Cow<'_, str>) -> Cow<'_, str> {
    let Some((end, next)) = value.char_indices().nth(VALUE_CHARS_MAX) else { return value };
    let head = &value[..end];
    let whole = if next.is_whitespace() { None } else { head.trim_end().rfind(char::is_whitespace) };
    Cow::Owned(head[..whole.unwrap_or(end)].trim_end().to_owned())
}

/// The placeholders of a template and what stands outside of them: each is a name that there is, and filters that there are.
fn read_placeholders(source: &str) -> Result<(Vec<&'static str>, String), TemplateRefused> {
    let (mut names, mut literal) = (Vec::new(), String::with_capacity(source.len()));
    let mut rest = source;
    while let Some(at) = rest.find("{{") {
        let line = || source[..source.len() - rest.len() + at].matches('\n').count() + 1;
        let mut reader = Reader(&rest[at + 2..]);
        let name = reader
            .placeholder()
            .map_err(|refused| refused.unwrap_or(TemplateRefused::Placeholder { line: line() }))?;
        if !names.contains(&name) {
            names.push(name);
        }
        literal.push_str(&rest[..at]);
        rest = reader.0;
    }
    literal.push_str(rest);
    Ok((names, literal))
}

/// What is left to read of a template. An error of `None` is one of syntax.
struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    /// `name | filter | filter("text") }}`
    fn placeholder(&mut self) -> Result<&'static str, Option<TemplateRefused>> {
        let name = self.word().ok_or(None)?;
        let known = PLACEHOLDERS.into_iter().find(|known| *known == name);
        let known = known.ok_or_else(|| TemplateRefused::UnknownPlaceholder { name: name.to_owned() })?;
        while !self.takes("}}") {
            if !self.takes("|") {
                return Err(None);
            }
            let filter = self.word().ok_or(None)?;
            if !FILTERS.contains(&filter) {
                return Err(Some(TemplateRefused::UnknownFilter { name: filter.to_owned() }));
            }
            if self.takes("(") {
                self.text().ok_or(None)?;
                if !self.takes(")") {
                    return Err(None);
                }
            }
        }
        Ok(known)
    }

    fn word(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        self.0 = &text[end..];
        (end > 0).then(|| &text[..end])
    }

    /// A text in quotes.
    fn text(&mut self) -> Option<()> {
        let text = self.0.trim_start();
        let quote = text.chars().next().filter(|c| "\"'".contains(*c))?;
        let mut is_escaped = false;
        let end = text.char_indices().skip(1).find(|(_, c)| {
            let ends = *c == quote && !is_escaped;
            is_escaped = *c == '\\' && !is_escaped;
            ends
        });
        self.0 = &text[end?.0 + 1..];
        Some(())
    }

    fn takes(&mut self, sign: &str) -> bool {
        let rest = self.0.trim_start().strip_prefix(sign);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }
}

/// Spaces in a row become one; those at the ends of lines go.
fn close_gaps(text: &str) -> String {
    let mut closed = String::with_capacity(text.len());
    for line in text.lines() {
        if !closed.is_empty() {
            closed.push('\n');
        }
        for (n, word) in line.split(' ').filter(|word| !word.is_empty()).enumerate() {
            if n > 0 {
                closed.push(' ');
            }
            closed.push_str(word);
        }
    }
    closed
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Template").field(&self.source).finish()
    }
}

/// Why a template is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateRefused {
    /// Longer than it may be.
    #[error("the template has {bytes} bytes; {TEMPLATE_BYTES_MAX} are the most")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It holds a statement or a comment.
    #[error(
        "the template holds a statement, {{% … %}}, or a comment, {{# … #}}; only placeholders, {{{{ … }}}}, are allowed"
    )]
    Statement,
    /// What stands between the braces is no name with filters.
    #[error(
        "in line {line} of the template stands what is no placeholder; one is a name and filters, as in \
         {{{{ first_name | title | default(\"amigo\") }}}}"
    )]
    Placeholder {
        /// The line it is in.
        line: usize,
    },
    /// It names a filter that is none.
    #[error("{name} is no filter; those that are: {}", FILTERS.join(", "))]
    UnknownFilter {
        /// The name.
        name: String,
    },
    /// It cannot be read.
    #[error("the template cannot be read{}: {reason}; the filters are {}", at(*line), FILTERS.join(", "))]
    Syntax {
        /// What is wrong.
        reason: String,
        /// The line it is in.
        line: Option<usize>,
    },
    /// It names a placeholder that is none.
    #[error("{name} is no placeholder; those that are: {}", PLACEHOLDERS.join(", "))]
    UnknownPlaceholder {
        /// The name.
        name: String,
    },
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!(" in line {line}")).unwrap_or_default()
}

/// A text took too many steps to render.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the template takes too long to render")]
pub struct RenderFailed;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::{ContactId, ContactStatus, LineType};
    use crate::phone::PhoneNumber;

    fn contact() -> Contact {
        Contact {
            id: ContactId(1),
            phone: PhoneNumber::from_national(5_512_345_678).unwrap(),
            phone_original: None,
            full_name: Some("MARIA JOSE PEÑA D'ANGELO".to_owned()),
            address: None,
            neighborhood: None,
            municipality: None,
            state: None,
            state_text: None,
            lada: crate::lada::Lada::parse("55").ok(),
            city: None,
            line_type: LineType::Unknown,
            carrier: None,
            is_valid: true,
            status: ContactStatus::Active,
            opt_out_at: None,
            source_row_id: None,
            migrated_at: None,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn rendered(source: &str) -> String {
        Template::parse(source).unwrap().render(&contact()).unwrap()
    }

    #[test]
    fn placeholders_become_what_is_known_and_nothing_is_escaped() {
        assert_eq!(rendered("Hola {{ full_name | title }}:"), "Hola Maria Jose Peña D'Angelo:");
        assert_eq!(rendered("{{first_name|lower}} ({{ lada }})"), "maria (55)");
        assert_eq!(rendered("en {{ city | default(\"tu ciudad\") }}!"), "en tu ciudad!");
        assert_eq!(rendered("en {{ city | title | default(\"tu ciudad\") }}!"), "en tu ciudad!");
    }

    #[test]
    fn the_first_given_name_is_written_as_people_are_called() {
        assert_eq!(rendered("Hola {{ full_name | primer_nombre }}"), "Hola Maria");
        assert_eq!(rendered("Hola {{ city | primer_nombre | default(\"amigo\") }}"), "Hola amigo");
        let company = Contact { full_name: Some("ABARROTES LA LUZ SA DE CV".to_owned()), ..contact() };
        let template = Template::parse("Hola {{ full_name | primer_nombre | default(\"amigo\") }}").unwrap();
        assert_eq!(template.render(&company).unwrap(), "Hola amigo");
    }

    #[test]
    fn what_is_long_is_cut_at_the_end_of_a_word() {
        let template = Template::parse("{{ city }}|").unwrap();
        let cut =
            |city: &str| template.render(&Contact { city: Some(city.to_owned()), ..contact() }).unwrap();
        assert_eq!(cut(&"Ñ".repeat(40)), format!("{}|", "Ñ".repeat(40)));
        assert_eq!(cut(&"Ñ".repeat(41)), format!("{}|", "Ñ".repeat(40)));
        assert_eq!(
            cut("San Juan Bautista Coixtlahuaca de los Reyes"),
            "San Juan Bautista Coixtlahuaca de los|"
        );
        assert_eq!(cut(&format!("{} Sur", "a".repeat(40))), format!("{}|", "a".repeat(40)));
    }

    #[test]
    fn what_is_missing_leaves_no_gap() {
        assert_eq!(rendered("Hola {{ city }}  amigo \n de {{ state | title }}"), "Hola amigo\nde");
    }

    #[test]
    fn what_is_wrong_is_named_when_the_template_is_read() {
        let refused = |source: &str| Template::parse(source).unwrap_err().to_string();
        assert!(refused("{{ phone_number }}").contains("phone_number is no placeholder"));
        assert!(refused("{{ city | reverse }}").contains("reverse"), "{}", refused("{{ city | reverse }}"));
        assert!(refused("Hola\n{{ city").contains("line 2 "), "{}", refused("Hola\n{{ city"));
        assert!(refused("{% for x in city %}{% endfor %}").contains("{% … %}"));
        assert!(refused(&"a".repeat(8_001)).contains("8001 bytes"));
        assert!(refused("{{ city }}{{ foo() }}").contains("foo is no placeholder"));
        for source in [
            "{{ city.__class__ }}",
            "{{ city * 100000000 }}",
            "{{ city ~ city }}",
            "{{ [1] * 100000000 }}",
            "{{ 10 ** 10 ** 10 }}",
            "{{ city | default(city * 9) }}",
            "{{ city | default(\"a\" * 9) }}",
            "{{ city | default(\"a }}",
            "{{ city if city }}",
            "{{ }}",
            "{{",
            "{# {{ city }} #}",
        ] {
            assert!(Template::parse(source).is_err(), "{source}");
        }
        assert_eq!(rendered("{{city|default('}} \\\' |')}}"), "}} ' |");
    }
}
