//! Verdicts in words, English and Spanish.

use domain::message::MessageState;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Found, Sentences, Verdict};

/// The words for a verdict; whether it is one of what was, or of what would be now. Times are by the clock of `zone`.
pub(super) fn of(found: &Found, is_past: bool, zone: &TimeZone) -> Sentences {
    let (en, es) = match found.verdict {
        Verdict::Message(state) => of_state(state),
        Verdict::WillBeSent => ("The message will be sent.", "El mensaje se enviará."),
        Verdict::Waiting => ("The message waits.", "El mensaje está en espera."),
        Verdict::MayBeSent => {
            ("The number may get the message.", "Es posible que el número reciba el mensaje.")
        }
        Verdict::LeftOut if is_past => ("The number was left out.", "El número quedó fuera."),
        Verdict::LeftOut => ("The number would be left out.", "El número quedaría fuera."),
        Verdict::NotDrawn => (
            "The number was not drawn: the campaign takes only a part of its audience.",
            "El número no salió en el sorteo: la campaña toma solo una parte de su audiencia.",
        ),
        Verdict::NotInSegment => (
            "The campaign's segment does not mean the number.",
            "El segmento de la campaña no incluye el número.",
        ),
        Verdict::UnknownNumber => ("The number is no contact.", "El número no está entre los contactos."),
        Verdict::CameLater => (
            "The number came to the segment after the audience was frozen.",
            "El número llegó al segmento después de que se fijó la audiencia.",
        ),
        Verdict::NotSent => ("The message was not sent.", "El mensaje no se envió."),
    };
    let mut said = Sentences { en: en.to_owned(), es: es.to_owned() };
    if let Some(reason) = &found.reason {
        match of_reason(reason) {
            Some((en, es)) => add(&mut said, en, es),
            None => add(&mut said, &format!("Reason: {reason}."), &format!("Motivo: {reason}.")),
        }
    }
    if let Some(at) = found.next_at {
        let at = by_clock(at, zone);
        add(&mut said, &format!("It goes on at {at}."), &format!("Continúa el {at}."));
    }
    if let Some(at) = found.since {
        let at = by_clock(at, zone);
        add(&mut said, &format!("So since {at}."), &format!("Así desde el {at}."));
    }
    said
}

fn add(said: &mut Sentences, en: &str, es: &str) {
    for (whole, part) in [(&mut said.en, en), (&mut said.es, es)] {
        whole.push(' ');
        whole.push_str(part);
    }
}

fn by_clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

fn of_state(state: MessageState) -> (&'static str, &'static str) {
    match state {
        MessageState::Queued => ("The message is in the queue.", "El mensaje está en la cola."),
        MessageState::Sending => ("The message is being sent.", "El mensaje se está enviando."),
        MessageState::Sent => (
            "The provider took the message; its receipt is waited for.",
            "El proveedor aceptó el mensaje; se espera su acuse.",
        ),
        MessageState::Delivered => ("The message reached the phone.", "El mensaje llegó al teléfono."),
        MessageState::Undelivered => {
            ("The network could not deliver the message.", "La red no pudo entregar el mensaje.")
        }
        MessageState::Failed => ("The provider refused the message.", "El proveedor rechazó el mensaje."),
        MessageState::Uncertain => (
            "Nobody knows yet whether the message left; it is not sent again.",
            "Aún no se sabe si el mensaje salió; no se envía otra vez.",
        ),
        MessageState::Expired => (
            "The time of the message ended without an answer.",
            "El plazo del mensaje terminó sin respuesta.",
        ),
        MessageState::Canceled => (
            "The campaign was canceled before the message was sent.",
            "La campaña se canceló antes de que se enviara el mensaje.",
        ),
        MessageState::Skipped => ("The message was not sent.", "El mensaje no se envió."),
    }
}

/// What a code means; `None` for a provider's own.
fn of_reason(reason: &str) -> Option<(&'static str, &'static str)> {
    Some(match reason {
        "not_valid" => ("The number is not valid.", "El número no es válido."),
        "not_mobile" => ("The number is not known to be mobile.", "No consta que el número sea móvil."),
        "opted_out" => ("The person said no.", "La persona se dio de baja."),
        "suppressed" => (
            "The number is on the list of those who are not written to.",
            "El número está en la lista de exclusión.",
        ),
        "capped" => (
            "The number was written to as often lately as is allowed.",
            "Al número ya se le escribió últimamente tantas veces como está permitido.",
        ),
        "max_messages" => (
            "Who gets it is drawn (limits.max_messages).",
            "Quién lo recibe se sortea (limits.max_messages).",
        ),
        "paused" => ("The campaign is paused.", "La campaña está en pausa."),
        "being_frozen" => ("The audience is being frozen.", "La audiencia se está fijando."),
        "campaign_canceled" => ("The campaign was canceled.", "La campaña se canceló."),
        "campaign_failed" => ("The campaign could not be prepared.", "La campaña no se pudo preparar."),
        "scheduled" => ("The campaign is scheduled.", "La campaña está programada."),
        "not_launched" => ("The campaign was not launched yet.", "La campaña aún no se ha lanzado."),
        "window" => (
            "The hours for sending are closed where the number is.",
            "Donde está el número no es horario de envío.",
        ),
        "retry" => (
            "The provider refused it for now; it is tried again.",
            "El proveedor lo rechazó por ahora; se intenta otra vez.",
        ),
        "canary" => (
            "What comes of the first messages is waited for.",
            "Se espera el resultado de los primeros mensajes.",
        ),
        "pace" => ("As many are sent as the rate allows.", "Se envían tantos como permite el ritmo."),
        "queue" => ("Others come first.", "Otros van primero."),
        "receipt_missing" => {
            ("The provider took it and never said more.", "El proveedor lo aceptó y no dijo más.")
        }
        "outcome_unknown" => ("Nobody knows whether it left.", "No se sabe si salió."),
        "worker_lost" => (
            "The program that sent it ended in the middle.",
            "El programa que lo enviaba terminó a la mitad.",
        ),
        _ => return None,
    })
}
