//! The properties by which Microsoft's documentation lets two items of evidence of one kind be told apart. This list stands
//! beside the row types' own, so that a test notices a property that is lost there.

use serde_json::Value;

const PREFIX: &str = "#microsoft.graph.security.";

/// Kind and the paths of the properties that name it. A list on the way names nothing.
const NAMES: [(&str, &str); 48] = [
    ("activeDirectoryDomainEvidence", "activeDirectoryDomainName"),
    ("aiAgentEvidence", "agentId hostingPlatformType agentName"),
    ("amazonResourceEvidence", "amazonResourceId amazonAccountId resourceType resourceName"),
    ("analyzedMessageEvidence", "networkMessageId recipientEmailAddress internetMessageId urn"),
    ("azureResourceEvidence", "resourceId resourceType resourceName"),
    ("blobContainerEvidence", "url name"),
    ("blobEvidence", "url name etag"),
    ("cloudApplicationEvidence", "appId saasAppId instanceId displayName instanceName"),
    ("cloudLogonRequestEvidence", "requestId"),
    (
        "cloudLogonSessionEvidence",
        "sessionId startUtcDateTime account.userAccount.azureAdUserId account.userAccount.userPrincipalName deviceName",
    ),
    ("containerEvidence", "containerId name pod.name pod.namespace.name pod.namespace.cluster.name image.imageId"),
    ("containerImageEvidence", "imageId registry.registry"),
    ("containerRegistryEvidence", "registry"),
    ("deviceEvidence", "mdeDeviceId azureAdDeviceId deviceDnsName ntDomain hostName"),
    ("dnsEvidence", "domainName hostIpAddress.ipAddress dnsServerIp.ipAddress ipAddresses.ipAddress"),
    (
        "fileEvidence",
        "mdeDeviceId fileDetails.sha256 fileDetails.sha1 fileDetails.md5 fileDetails.filePath fileDetails.fileName",
    ),
    ("fileHashEvidence", "algorithm value"),
    ("gitHubOrganizationEvidence", "orgId login webUrl"),
    ("gitHubRepoEvidence", "repoId baseUrl owner login"),
    ("gitHubUserEvidence", "userId login webUrl"),
    ("googleCloudResourceEvidence", "fullResourceName projectId resourceType resourceName location"),
    (
        "hostLogonSessionEvidence",
        "sessionId startUtcDateTime host.mdeDeviceId host.deviceDnsName account.userAccount.userSid \
         account.userAccount.azureAdUserId account.userAccount.accountName",
    ),
    ("ioTDeviceEvidence", "deviceId deviceName macAddress serialNumber ioTSecurityAgentId ipAddress.ipAddress"),
    ("ipEvidence", "ipAddress"),
    (
        "kubernetesClusterEvidence",
        "name platform distribution \
         cloudResource.resourceId cloudResource.amazonResourceId cloudResource.fullResourceName",
    ),
    ("kubernetesControllerEvidence", "name type namespace.name namespace.cluster.name"),
    ("kubernetesNamespaceEvidence", "name cluster.name"),
    ("kubernetesPodEvidence", "name namespace.name namespace.cluster.name podIp.ipAddress"),
    ("kubernetesSecretEvidence", "name secretType namespace.name namespace.cluster.name"),
    ("kubernetesServiceAccountEvidence", "name namespace.name namespace.cluster.name"),
    ("kubernetesServiceEvidence", "name serviceType namespace.name namespace.cluster.name clusterIP.ipAddress"),
    ("mailClusterEvidence", "urn clusterBy clusterByValue query"),
    (
        "mailboxConfigurationEvidence",
        "externalDirectoryObjectId mailboxPrimaryAddress upn configurationType configurationId displayName",
    ),
    ("mailboxEvidence", "primaryAddress upn userAccount.azureAdUserId userAccount.userSid userAccount.accountName"),
    ("malwareEvidence", "name category"),
    (
        "networkConnectionEvidence",
        "protocol sourceAddress.ipAddress sourcePort destinationAddress.ipAddress destinationPort",
    ),
    ("nicEvidence", "macAddress ipAddress.ipAddress"),
    ("oauthApplicationEvidence", "objectId appId displayName"),
    (
        "processEvidence",
        "mdeDeviceId processId processCreationDateTime processCommandLine imageFile.filePath imageFile.fileName \
         imageFile.sha256 imageFile.sha1 userAccount.userSid userAccount.domainName userAccount.accountName \
         parentProcessId parentProcessCreationDateTime",
    ),
    ("registryKeyEvidence", "registryHive registryKey"),
    ("registryValueEvidence", "mdeDeviceId registryHive registryKey registryValueName registryValueType registryValue"),
    ("sasTokenEvidence", "signatureHash signedWith startDateTime expiryDateTime"),
    ("securityGroupEvidence", "securityGroupId sid activeDirectoryObjectGuid distinguishedName displayName"),
    ("servicePrincipalEvidence", "servicePrincipalObjectId appId tenantId servicePrincipalName"),
    ("submissionMailEvidence", "submissionId networkMessageId recipient submitter"),
    ("teamsMessageEvidence", "messageId threadId channelId groupId parentMessageId senderFromAddress"),
    ("urlEvidence", "url"),
    (
        "userEvidence",
        "userAccount.azureAdUserId userAccount.userSid userAccount.userPrincipalName userAccount.domainName \
         userAccount.accountName",
    ),
];

/// What makes an item of evidence a document of its own within its alert: kind, verdict, remediation, and the properties
/// that name the item, or its whole content if none of them is filled.
pub fn evidence_name(item: &Value) -> String {
    let tag = item["@odata.type"].as_str().unwrap_or_default();
    let paths = NAMES.iter().find(|(kind, _)| tag.strip_prefix(PREFIX) == Some(kind)).map_or("", |(_, paths)| paths);
    let mut parts: Vec<_> = paths.split_whitespace().map(|path| at(item, path)).collect();
    if parts.iter().all(|part| part.is_null() || *part == "") {
        parts = vec![without_nulls(item)];
    }
    let state = ["@odata.type", "verdict", "remediationStatus", "remediationStatusDetails"];
    Value::Array(state.iter().map(|name| item[name].clone()).chain(parts).collect()).to_string()
}

fn at(item: &Value, path: &str) -> Value {
    without_nulls(path.split('.').fold(item, |value, name| &value[name]))
}

/// A property without a value is as good as one that is not there.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(properties) => {
            let filled = properties.iter().filter(|(_, value)| !value.is_null());
            filled.map(|(name, value)| (name.clone(), without_nulls(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        _ => value.clone(),
    }
}
