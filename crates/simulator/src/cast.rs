//! Who of an incident's scenario stands in a record: records of all lists name the people, machines and addresses that
//! the alerts of the same incident name.

use crate::entities::{AD_DOMAIN, App, Host, Person};
use crate::json::{Json, write_guid, write_hex};
use crate::rng::Rng;
use crate::scenario::Scenario;

/// Roles that a list's file may cast.
pub(crate) const ROLES: &[&str] = &[
    "user.id",
    "user.upn",
    "user.name",
    "user.account",
    "user.sid",
    "other.id",
    "other.upn",
    "other.name",
    "other.account",
    "other.sid",
    "device.id",
    "device.mde_id",
    "device.name",
    "device.dns_name",
    "device.address",
    "server.id",
    "server.mde_id",
    "server.name",
    "server.dns_name",
    "server.address",
    "address",
    "country",
    "city",
    "domain",
    "app.id",
    "app.name",
    "tenant.id",
    "guid",
];

/// What stands in the place of a role. `tenant` is the tenant's id; `rng` belongs to the place in the record.
pub(crate) fn value(role: &str, scenario: &Scenario, tenant: &str, rng: Rng) -> String {
    let (who, what) = role.split_once('.').unwrap_or((role, ""));
    match who {
        "user" => person(scenario.user, what),
        "other" => person(scenario.other, what),
        "device" => host(scenario.workstation, what),
        "server" => host(scenario.server, what),
        "app" => app(scenario.app, what),
        "address" => scenario.remote.with_ip(|ip| ip.concat()),
        "country" => scenario.remote.place().code.to_owned(),
        "city" => scenario.remote.place().city.to_owned(),
        "domain" => scenario.domain.to_owned(),
        "tenant" => tenant.to_owned(),
        _ => guid(rng.draw(0x601D)),
    }
}

fn person(person: Person, what: &str) -> String {
    match what {
        "id" => guid(person.id()),
        "upn" => person.upn().concat(),
        "name" => person.display().concat(),
        "account" => person.account().concat(),
        _ => member(|json| person.write_sid("", json)),
    }
}

fn host(host: Host, what: &str) -> String {
    let name = || host.with_name(|name| name.concat());
    match what {
        "id" => guid(host.id() ^ 1),
        "mde_id" => text(|out| write_hex(out, host.id(), 40)),
        "name" => name(),
        "dns_name" => [&*name(), ".", AD_DOMAIN].concat(),
        _ => member(|json| host.write_ip("", json)),
    }
}

fn app(app: App, what: &str) -> String {
    if what == "id" { guid(app.id()) } else { app.name().to_owned() }
}

fn guid(bits: u64) -> String {
    text(|out| write_guid(out, bits))
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::with_capacity(48);
    write(&mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// The value of a member with an empty name and nothing to escape.
fn member(write: impl FnOnce(&mut Json<'_>)) -> String {
    let member = text(|out| write(&mut Json::new(out, true)));
    member.trim_start_matches("\"\":").trim_matches('"').to_owned()
}
