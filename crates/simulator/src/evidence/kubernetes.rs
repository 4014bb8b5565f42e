//! Clusters, workloads and images.

use super::{Item, Kind};
use crate::json::{Digits, Json};

/// An open `dictionary`.
fn labels(key: &str, item: &Item<'_>, json: &mut Json<'_>) {
    if item.rng.chance(50, 60) {
        json.object(key, |json| {
            json.text("app", "ledger-web");
            json.text("tier", item.rng.pick(51, &["frontend", "backend"]));
        });
    } else {
        json.null(key);
    }
}

fn maybe(key: &str, item: &Item<'_>, (kind, percent, salt): (Kind, u64, u64), json: &mut Json<'_>) {
    if item.rng.chance(salt, percent) { item.inside(key, kind, json) } else { json.null(key) }
}

pub(super) fn cluster(item: &Item<'_>, json: &mut Json<'_>) {
    json.text("name", "aks-contoso-prod");
    if item.rng.chance(20, 40) {
        let resource = item.nested(Kind::AzureResource, 6);
        json.object("cloudResource", |json| resource.write(json));
    } else {
        json.null("cloudResource");
    }
    json.opt("distribution", item.rng.chance(21, 50).then_some("AKS"));
    json.text("platform", item.rng.pick(22, &["aks", "aks", "eks", "gke", "arc"]));
    json.opt("version", item.rng.chance(23, 70).then_some("1.31.4"));
}

pub(super) fn namespace(item: &Item<'_>, json: &mut Json<'_>) {
    json.text("name", item.rng.pick(20, &["payments", "default", "kube-system"]));
    maybe("cluster", item, (Kind::KubernetesCluster, 50, 21), json);
    labels("labels", item, json);
}

pub(super) fn controller(item: &Item<'_>, json: &mut Json<'_>) {
    json.text("name", "ledger-web");
    json.text("type", item.rng.pick(20, &["Deployment", "DaemonSet", "CronJob"]));
    maybe("namespace", item, (Kind::KubernetesNamespace, 60, 21), json);
    labels("labels", item, json);
}

pub(super) fn service_account(item: &Item<'_>, json: &mut Json<'_>) {
    json.text("name", item.rng.pick(20, &["ledger-deployer", "default", "metrics-reader"]));
    maybe("namespace", item, (Kind::KubernetesNamespace, 60, 21), json);
}

pub(super) fn secret(item: &Item<'_>, json: &mut Json<'_>) {
    json.text("name", item.rng.pick(20, &["ledger-db", "registry-pull", "tls-frontend"]));
    maybe("namespace", item, (Kind::KubernetesNamespace, 70, 21), json);
    json.opt("secretType", item.rng.chance(22, 80).then_some("Opaque"));
}

pub(super) fn service(item: &Item<'_>, json: &mut Json<'_>) {
    json.text("name", "ledger-web");
    maybe("namespace", item, (Kind::KubernetesNamespace, 60, 20), json);
    maybe("clusterIP", item, (Kind::Ip, 70, 21), json);
    item.inside_all("externalIPs", Kind::Ip, item.rng.below(22, 2), json);
    labels("labels", item, json);
    labels("selector", item, json);
    json.array("servicePorts", |json| {
        for at in 0..item.rng.below(23, 3) {
            json.item(|json| {
                json.opt("appProtocol", item.rng.chance(24, 50).then_some("http"));
                json.text("name", if at == 0 { "web" } else { "metrics" });
                json.when(item.rng.chance(25, 50), "nodePort", |json, key| json.num(key, 30_080 + at as i64));
                json.num("port", 80 + 9000 * at as i64);
                json.text("protocol", item.rng.pick(26, &["tcp", "tcp", "udp", "sctp"]));
                json.text("targetPort", "8080");
            });
        }
    });
    json.text("serviceType", item.rng.pick(27, &["clusterIP", "loadBalancer", "nodePort", "externalName"]));
}

pub(super) fn pod(item: &Item<'_>, json: &mut Json<'_>) {
    json.cat("name", &["ledger-web-7d9f-", Digits::new(item.rng.below(20, 9000)).as_str()]);
    maybe("namespace", item, (Kind::KubernetesNamespace, 70, 21), json);
    maybe("controller", item, (Kind::KubernetesController, 40, 22), json);
    item.inside_all("containers", Kind::Container, 1, json);
    item.inside_all("initContainers", Kind::Container, u64::from(item.rng.chance(23, 15)), json);
    item.inside_all("ephemeralContainers", Kind::Container, u64::from(item.rng.chance(24, 10)), json);
    labels("labels", item, json);
    maybe("podIp", item, (Kind::Ip, 60, 25), json);
    maybe("serviceAccount", item, (Kind::KubernetesServiceAccount, 50, 26), json);
}

pub(super) fn container(item: &Item<'_>, json: &mut Json<'_>) {
    json.hex("containerId", item.rng.draw(20), 64);
    json.text("name", item.rng.pick(21, &["web", "sidecar", "debug"]));
    json.list("command", if item.rng.chance(22, 70) { &["/bin/sh", "-c"] } else { &[] });
    json.list("args", if item.rng.chance(23, 70) { &["nsenter -t 1 -m -u -i -n sh"] } else { &[] });
    json.flag("isPrivileged", item.rng.chance(24, 60));
    maybe("image", item, (Kind::ContainerImage, 70, 25), json);
    // Only a container that stands for itself names its pod: the pod names its containers.
    if item.kind == Kind::Container && item.rng.chance(26, 20) {
        let pod = item.nested(Kind::ContainerRegistry, 6);
        json.object("pod", |json| {
            pod.base(json);
            json.text("name", "ledger-web-7d9f-1");
        });
    } else {
        json.null("pod");
    }
}

pub(super) fn container_image(item: &Item<'_>, json: &mut Json<'_>) {
    json.text(
        "imageId",
        item.rng.pick(20, &["registry.sync-relay.example/tools/debug:latest", "crcontoso.example/ledger/web:4.18.2"]),
    );
    maybe("registry", item, (Kind::ContainerRegistry, 60, 21), json);
    if item.rng.chance(22, 30) {
        let digest = item.nested(Kind::ContainerRegistry, 6);
        json.object("digestImage", |json| {
            digest.base(json);
            json.text("imageId", "sha256:8b1c0a17e5b0a1d2c3f4");
        });
    } else {
        json.null("digestImage");
    }
}

pub(super) fn container_registry(item: &Item<'_>, json: &mut Json<'_>) {
    json.text("registry", item.rng.pick(20, &["crcontoso.example", "registry.sync-relay.example"]));
}
