//! Resources of the clouds.

use super::{Item, Kind};
use crate::filetime::SECOND;
use crate::json::{Digits, Json};

pub(super) const SUBSCRIPTION: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const GROUP: &str = "/resourceGroups/rg-contoso-prod/providers/";

pub(super) fn azure_resource(item: &Item<'_>, json: &mut Json<'_>) {
    let (kind, name) = item.rng.pick(
        20,
        &[
            ("Microsoft.Storage/storageAccounts", "stcontosoexchange"),
            ("Microsoft.Compute/virtualMachines", "vm-build-03"),
            ("Microsoft.Devices/IotHubs", "iot-contoso-plant"),
        ],
    );
    json.cat("resourceId", &["/subscriptions/", SUBSCRIPTION, GROUP, kind, "/", name]);
    json.opt("resourceName", item.rng.chance(21, 85).then_some(name));
    json.text("resourceType", kind);
}

pub(super) fn amazon_resource(item: &Item<'_>, json: &mut Json<'_>) {
    let id = Digits::padded(item.rng.below(20, 100_000), 8);
    json.text("amazonAccountId", "000011112222");
    json.cat("amazonResourceId", &["arn:aws:ec2:eu-north-1:000011112222:instance/i-0contoso", id.as_str()]);
    json.opt("resourceName", item.rng.chance(21, 70).then_some("web-frontend"));
    json.text("resourceType", item.rng.pick(22, &["AWS::EC2::Instance", "AWS::S3::Bucket", "AWS::IAM::Role"]));
}

pub(super) fn google_cloud_resource(item: &Item<'_>, json: &mut Json<'_>) {
    json.text(
        "fullResourceName",
        "//compute.googleapis.com/projects/contoso-analytics/zones/europe-north1-a/instances/batch-7",
    );
    json.opt("location", item.rng.chance(20, 80).then_some("europe-north1-a"));
    json.text("locationType", item.rng.pick(21, &["zonal", "regional", "global", "unknown"]));
    json.text("projectId", "contoso-analytics");
    json.num("projectNumber", 482_910_337_002);
    json.opt("resourceName", item.rng.chance(22, 80).then_some("batch-7"));
    json.text("resourceType", "Virtual Machine");
}

pub(super) fn blob_container(item: &Item<'_>, json: &mut Json<'_>) {
    json.text("name", "exchange");
    json.text("url", "https://stcontosoexchange.blob.core.windows.net/exchange");
    json.when(item.rng.chance(20, 70), "storageResource", |json, key| item.inside(key, Kind::AzureResource, json));
}

pub(super) fn blob(item: &Item<'_>, json: &mut Json<'_>) {
    let number = Digits::new(item.rng.below(20, 5000));
    json.cat("name", &["partner-", number.as_str(), ".zip"]);
    json.cat("url", &["https://stcontosoexchange.blob.core.windows.net/exchange/partner-", number.as_str(), ".zip"]);
    json.when(item.rng.chance(21, 70), "etag", |json, key| json.hex(key, item.rng.draw(22), 15));
    json.array("fileHashes", |json| {
        for (algorithm, len) in &[("sha256", 64), ("md5", 32), ("sha1", 40)][..item.rng.below(23, 3) as usize] {
            json.item(|json| {
                json.text("algorithm", algorithm);
                json.hex("value", item.rng.draw(24), *len);
            });
        }
    });
    json.when(item.rng.chance(25, 60), "blobContainer", |json, key| item.inside(key, Kind::BlobContainer, json));
}

pub(super) fn sas_token(item: &Item<'_>, json: &mut Json<'_>) {
    let rng = item.rng;
    json.opt("allowedIpAddresses", rng.chance(20, 40).then_some("198.51.100.0-198.51.100.255"));
    json.list("allowedResourceTypes", if rng.chance(21, 80) { &["service", "container", "object"] } else { &[] });
    json.list("allowedServices", if rng.chance(22, 80) { &["blob"] } else { &[] });
    json.opt_time("startDateTime", rng.chance(23, 80).then_some(item.created - 86_400 * 30 * SECOND));
    json.opt_time("expiryDateTime", rng.chance(24, 80).then_some(item.created + 86_400 * 335 * SECOND));
    json.list("permissions", if rng.chance(25, 80) { &["read", "list", "write"] } else { &["read"] });
    json.text("protocol", rng.pick(26, &["https", "https,http"]));
    json.hex("signatureHash", rng.draw(27), 64);
    json.text("signedWith", rng.pick(28, &["key1", "key2"]));
    json.when(rng.chance(29, 60), "storageResource", |json, key| item.inside(key, Kind::AzureResource, json));
}
