//! Who and what an incident is about. All alerts of an incident share its scenario, so that their evidence fits together.

use crate::catalogue::{STORY_THEMES, THEMES, Theme};
use crate::entities::{APPLICATIONS, App, BAD_DOMAINS, Host, PEOPLE, Person, Remote};
use crate::rng::Rng;
use crate::timeline::TenantModel;

/// The analysts: assignees and authors of comments.
pub(crate) const ANALYSTS: [&str; 4] = [
    "soc.brandt@contoso.example",
    "soc.ferreira@contoso.example",
    "soc.nakamura@contoso.example",
    "soc.dlamini@contoso.example",
];

#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) theme: &'static Theme,
    pub(crate) user: Person,
    /// A second person: another recipient, or the administrator whose rights were used.
    pub(crate) other: Person,
    pub(crate) workstation: Host,
    pub(crate) server: Host,
    pub(crate) remote: Remote,
    pub(crate) domain: &'static str,
    pub(crate) app: App,
    pub(crate) story: bool,
    pub(crate) rng: Rng,
}

impl Scenario {
    pub(crate) fn new(model: &TenantModel<'_>, incident: u64) -> Scenario {
        let rng = model.rng(incident).sub(0x5CE2);
        if model.in_story(incident) {
            return Scenario { theme: &STORY_THEMES[incident as usize], story: true, rng, ..STORY };
        }
        let of = |salt: u64, limit: u64| rng.below(salt, limit) as u32;
        // A start that depends on the seed, then one theme after the other: every theme appears in any forty incidents.
        let theme = &THEMES[((incident + model.tenant.seed) % THEMES.len() as u64) as usize];
        Scenario {
            theme,
            user: Person(of(1, PEOPLE)),
            other: Person(of(2, PEOPLE)),
            workstation: Host { number: 100 + of(3, 4000), server: false },
            server: Host { number: 1 + of(4, 240), server: true },
            remote: Remote(of(5, 2000)),
            domain: rng.pick(6, &BAD_DOMAINS),
            app: App(of(7, APPLICATIONS)),
            story: false,
            rng,
        }
    }
}

/// Mara Lindqvist of finance follows the link; the administrator's ticket is stolen on her machine; the finance file
/// server is reached from it; one foreign address is behind it all.
const STORY: Scenario = Scenario {
    theme: &STORY_THEMES[0],
    user: Person(0),
    other: Person(31),
    workstation: Host { number: 112, server: false },
    server: Host { number: 8, server: true },
    remote: Remote(64),
    domain: "login-contoso.example",
    app: App(0),
    story: true,
    rng: Rng::ZERO,
};
