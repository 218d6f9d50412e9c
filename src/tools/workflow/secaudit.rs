//! `secaudit`: a security audit by steps, verified by an expert.

use super::engine::Workflow;
use super::engine::declaration::{Asks, Declaration, Expert, Names, Situation, Skips, nothing_wrong};
use super::engine::fields::{self, ASKING, STEP};
use super::engine::investigation::Investigation;
use crate::tools::reply::step::StepReply;
use crate::tools::schema::{Field, Kind, Spec, join};
use crate::tools::shape::Shape;

const FIELDS: [Field; 22] = join(&[
    &STEP,
    &[
        fields::FILES_CHECKED,
        fields::RELEVANT_FILES,
        fields::RELEVANT_CONTEXT,
        fields::ISSUES_FOUND,
        fields::CONFIDENCE_SKIPS,
        fields::HYPOTHESIS,
        Field::optional("security_scope", Kind::Text, "What is audited"),
        Field::choice("threat_level", &["low", "medium", "high", "critical"], "medium", ""),
        Field::optional("compliance_requirements", Kind::Texts, "SOC2, PCI DSS, GDPR..."),
        Field::choice(
            "audit_focus",
            &["owasp", "compliance", "infrastructure", "dependencies", "comprehensive"],
            "comprehensive",
            "",
        ),
        fields::SEVERITY_FILTER,
        fields::USE_EXPERT,
    ],
    &ASKING,
]);

/// The frameworks that the expert is known to have a view of.
const FRAMEWORKS: &[&str] = &["SOC2", "PCI DSS", "HIPAA", "GDPR", "ISO 27001", "NIST", "FedRAMP", "FISMA"];

const AUDITED: Shape = Shape {
    status: "security_analysis_complete",
    members: &[
        Field::required("summary", Kind::Text, ""),
        Field::optional("investigation_steps", Kind::Texts, ""),
        Field::required("security_findings", Kind::Objects, ""),
        Field::optional("owasp_assessment", Kind::Object, ""),
        Field::optional("compliance_assessment", Kind::Objects, ""),
        Field::optional("risk_assessment", Kind::Object, ""),
        Field::optional("remediation_roadmap", Kind::Objects, ""),
        Field::optional("positive_security_findings", Kind::Texts, ""),
        Field::optional("monitoring_recommendations", Kind::Texts, ""),
        Field::optional("investigation_summary", Kind::Text, ""),
    ],
};

pub static SECAUDIT: Workflow = Workflow(&Declaration {
    spec: Spec {
        name: "secaudit",
        title: "Security audit",
        description: "Audit security by steps: OWASP Top 10, compliance, secrets, dependencies; then an expert model verifies.",
        read_only: true,
        fields: &FIELDS,
        closed: true,
    },
    names: Names {
        pause: "pause_for_security_audit",
        done: "security_analysis_complete",
        status: "security_audit_status",
        summary: Some("complete_security_audit"),
        required: "secaudit_required",
        complete: &["security_audit_complete"],
    },
    expert: Some(Expert {
        request: "Verify this security audit against the code, and complete it.",
        skips: Skips::At("certain"),
        skip_reason: "skipped_due_to_certain_audit_confidence",
        asks: Asks::OnEvidence,
        shapes: &[AUDITED],
    }),
    changes: None,
    check: nothing_wrong,
    actions,
    conclusion: "Present ALL vulnerabilities by severity, each with file:line, how it can be exploited and how to mend it; then \
                 compliance gaps and a plan.",
    tell,
});

fn actions(at: &Situation<'_>) -> &'static [&'static str] {
    match at.number {
        1 => &[
            "Determine the kind of application and its technologies",
            "Map the attack surface: entry points, trust boundaries, sensitive data",
            "Name the standards and the threats that apply",
        ],
        2 => &[
            "Examine authentication, sessions and multi-factor login",
            "Examine authorisation: roles, escalation, access to others' objects",
            "Examine identities of services and the rights they hold",
        ],
        3 => &[
            "Examine how input is validated, and every way to inject",
            "Examine cryptography: algorithms, keys, randomness, transport",
            "Examine limits and abuse of the interfaces",
        ],
        4 => &[
            "Go through the OWASP Top 10 (2021) category by category, and record for each vulnerable, secure or not applicable",
        ],
        5 => &[
            "Check dependencies for known vulnerabilities",
            "Check configuration, and search for secrets in code and history",
            "Check what is logged, and what should be and is not",
        ],
        6 => &[
            "Compare with each compliance requirement and note the gaps",
            "Weigh the risk of each finding for the business",
            "Order the remedies into a plan",
        ],
        _ => &["Follow up what the audit has left open"],
    }
}

fn tell(investigation: &Investigation<'_>, reply: &mut StepReply) {
    let status = &mut reply.members[SECAUDIT.0.names.status];
    status["vulnerabilities_by_severity"] = investigation.issues_by("severity").into();
    status["audit_confidence"] = investigation.confidence().into();
    let mut warnings = Vec::new();
    if investigation.now().number() == 1 && investigation.word("security_scope").is_empty() {
        warnings.push("security_scope is not set: say what is audited".to_owned());
    }
    let named =
        investigation.own.get("compliance_requirements").and_then(|named| named.as_array()).into_iter().flatten();
    for name in named.filter_map(|name| name.as_str()) {
        if !FRAMEWORKS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            warnings.push(format!("'{name}' is none of the known frameworks ({})", FRAMEWORKS.join(", ")));
        }
    }
    if !warnings.is_empty() {
        reply.note("warnings", warnings);
    }
}
