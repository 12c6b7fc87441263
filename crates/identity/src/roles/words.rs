//! What each permission means, in the languages of the product. `view` and `manage` are told by their area; every other
//! action has a sentence of its own.

use kernel::Permission;
use serde::Serialize;

/// One text in the three languages.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Words {
    #[serde(rename = "pt-BR")]
    #[schema(example = "Responder e anotar nas conversas")]
    pub pt_br: String,
    #[schema(example = "Reply and take notes in conversations")]
    pub en: String,
    #[schema(example = "Responder y anotar en las conversaciones")]
    pub es: String,
}

/// The words for a permission.
pub fn words(permission: Permission) -> Words {
    let (pt_area, en_area, es_area) = area(permission.area());
    let plain = |pt: &str, en: &str, es: &str| Words { pt_br: pt.to_owned(), en: en.to_owned(), es: es.to_owned() };
    match permission.action() {
        "view" => {
            Words { pt_br: format!("Ver {pt_area}"), en: format!("View {en_area}"), es: format!("Ver {es_area}") }
        }
        "manage" => Words {
            pt_br: format!("Administrar {pt_area}"),
            en: format!("Manage {en_area}"),
            es: format!("Administrar {es_area}"),
        },
        "export" => Words {
            pt_br: format!("Exportar {pt_area}"),
            en: format!("Export {en_area}"),
            es: format!("Exportar {es_area}"),
        },
        _ => {
            let (pt, en, es) = own(permission.name());
            plain(pt, en, es)
        }
    }
}

fn area(name: &str) -> (&'static str, &'static str, &'static str) {
    match name {
        "organization" => ("a organização", "the organization", "la organización"),
        "users" => ("pessoas", "people", "personas"),
        "roles" => ("papéis e atribuições", "roles and assignments", "roles y asignaciones"),
        "service_accounts" => {
            ("contas de serviço e chaves", "service accounts and keys", "cuentas de servicio y claves")
        }
        "privacy" => ("pedidos de privacidade", "privacy requests", "solicitudes de privacidad"),
        "units" => ("unidades", "units", "unidades organizativas"),
        "schedules" => ("horários", "schedules", "horarios"),
        "sla" => ("políticas de SLA", "SLA policies", "políticas de SLA (plazos)"),
        "escalations" => ("escalonamentos", "escalations", "escalamientos"),
        "routing" => ("roteamento", "routing", "enrutamiento"),
        "skills" => ("habilidades", "skills", "habilidades del personal"),
        "leaves" => ("ausências", "leaves", "ausencias"),
        "audit" => ("a auditoria", "the audit", "la auditoría"),
        "work" => ("filas e trabalho", "queues and work", "colas y trabajo"),
        "messaging" => ("conversas", "conversations", "conversaciones"),
        "tags" => ("etiquetas", "tags", "etiquetas de registros"),
        "contacts" => ("contatos", "contacts", "contactos"),
        "tickets" => ("chamados", "tickets", "casos"),
        "ticket_types" => ("tipos de chamado", "ticket types", "tipos de caso"),
        "quick_replies" => ("respostas rápidas", "quick replies", "respuestas rápidas"),
        "channels" => ("contas de canal", "channel accounts", "cuentas de canal"),
        "templates" => ("modelos de mensagem", "message templates", "plantillas de mensaje"),
        "attendant" => ("o atendente virtual", "the virtual attendant", "el asistente virtual"),
        "automations" => ("automações", "automations", "automatizaciones"),
        "gamification" => ("reconhecimentos", "recognition", "reconocimientos"),
        "notifications" => {
            ("modelos e regras de aviso", "notification templates and rules", "plantillas y reglas de aviso")
        }
        "files" => ("arquivos", "files", "archivos"),
        "jobs" => ("tarefas em segundo plano", "background jobs", "tareas en segundo plano"),
        "calendars" => ("agendas", "calendars", "agendas de citas"),
        "costs" => ("custos e valores", "costs and amounts", "costos e importes"),
        "webhooks" => ("webhooks", "webhook endpoints", "webhooks de salida"),
        "broadcasts" => ("envios em massa", "broadcasts", "envíos masivos"),
        "context" => ("o contexto da clínica", "the clinic's context", "el contexto de la clínica"),
        "flows" => ("fluxos", "flows", "flujos"),
        "knowledge" => ("a base de conhecimento", "the knowledge base", "la base de conocimiento"),
        "analytics" => ("análises", "analytics", "análisis"),
        "appointments" => ("consultas marcadas", "appointments", "citas"),
        "chat" => ("o bate-papo interno", "the internal chat", "el chat interno"),
        "voice" => ("chamadas de voz", "voice calls", "llamadas de voz"),
        _ => ("??", "??", "??"),
    }
}

fn own(name: &str) -> (&'static str, &'static str, &'static str) {
    match name {
        "organization.billing" => {
            ("Ver e mudar plano e cobrança", "See and change plan and billing", "Ver y cambiar plan y facturación")
        }
        "organization.close" => ("Encerrar a organização", "Close the organization", "Cerrar la organización"),
        "users.delete" => (
            "Remover pessoas da organização",
            "Remove people from the organization",
            "Quitar personas de la organización",
        ),
        "users.erase" => ("Apagar os dados de uma pessoa", "Erase a person's data", "Borrar los datos de una persona"),
        "users.impersonate" => {
            ("Ver o sistema como outra pessoa", "See the product as another person", "Ver el sistema como otra persona")
        }
        "roles.assign" => ("Dar e tirar papéis", "Give and take roles", "Dar y quitar roles"),
        "work.claim" => ("Pegar trabalho da fila", "Take work from the queue", "Tomar trabajo de la cola"),
        "work.assign" => ("Distribuir trabalho", "Hand out work", "Distribuir trabajo"),
        "work.override" => (
            "Atribuir além de capacidade, habilidade ou modo",
            "Assign beyond capacity, skill or mode",
            "Asignar más allá de capacidad, habilidad o modo",
        ),
        "messaging.reply" => (
            "Responder e anotar nas conversas",
            "Reply and take notes in conversations",
            "Responder y anotar en las conversaciones",
        ),
        "messaging.assign" => {
            ("Passar conversas a outros", "Hand conversations to others", "Pasar conversaciones a otros")
        }
        "tags.apply" => ("Pôr e tirar etiquetas", "Put and remove tags", "Poner y quitar etiquetas"),
        "tags.manage_restricted" => {
            ("Administrar etiquetas restritas", "Manage restricted tags", "Administrar etiquetas restringidas")
        }
        "contacts.update" => ("Editar contatos", "Edit contacts", "Editar contactos"),
        "contacts.merge" => ("Unir contatos duplicados", "Merge duplicate contacts", "Unir contactos duplicados"),
        "contacts.import" => ("Importar contatos", "Import contacts", "Importar contactos"),
        "contacts.view_pii" => (
            "Ver telefone, e-mail e documentos dos contatos",
            "See phones, e-mails and documents of contacts",
            "Ver teléfono, correo y documentos de los contactos",
        ),
        "contacts.view_clinical" => ("Ver dados clínicos", "See clinical data", "Ver datos clínicos"),
        "contacts.erase" => {
            ("Apagar os dados de um contato", "Erase a contact's data", "Borrar los datos de un contacto")
        }
        "tickets.create" => ("Abrir chamados", "Open tickets", "Abrir casos"),
        "tickets.comment" => ("Comentar chamados", "Comment on tickets", "Comentar casos"),
        "tickets.update" => ("Trabalhar em chamados", "Work on tickets", "Trabajar en casos"),
        "tickets.assign" => ("Passar chamados a outros", "Hand tickets to others", "Pasar casos a otros"),
        "tickets.delete" => ("Excluir chamados", "Delete tickets", "Eliminar casos"),
        "gamification.reveal" => (
            "Ver quem reconheceu sem se identificar",
            "See who gave anonymous recognition",
            "Ver quién reconoció de forma anónima",
        ),
        "webhooks.replay" => {
            ("Reenviar entregas de webhook", "Replay webhook deliveries", "Reenviar entregas de webhook")
        }
        "broadcasts.send" => ("Disparar envios em massa", "Send broadcasts", "Lanzar envíos masivos"),
        "context.publish" => {
            ("Publicar o contexto da clínica", "Publish the clinic's context", "Publicar el contexto de la clínica")
        }
        "flows.publish" => ("Publicar fluxos", "Publish flows", "Publicar flujos"),
        "knowledge.publish" => ("Publicar artigos", "Publish articles", "Publicar artículos"),
        "appointments.create" => ("Marcar consultas", "Book appointments", "Reservar citas"),
        "appointments.update" => {
            ("Remarcar e cancelar consultas", "Move and cancel appointments", "Mover y cancelar citas")
        }
        "appointments.overbook" => {
            ("Encaixar além da agenda", "Book beyond the calendar", "Reservar por encima de la agenda")
        }
        "chat.use" => ("Usar o bate-papo interno", "Use the internal chat", "Usar el chat interno"),
        "voice.use" => ("Fazer e atender chamadas", "Make and take calls", "Hacer y atender llamadas"),
        "platform.organizations" => (
            "Administrar organizações da instalação",
            "Manage the installation's organizations",
            "Administrar organizaciones de la instalación",
        ),
        "platform.support" => ("Pedir acesso de suporte", "Ask for support access", "Pedir acceso de soporte"),
        "platform.operations" => ("Operar a instalação", "Operate the installation", "Operar la instalación"),
        _ => ("??", "??", "??"),
    }
}
