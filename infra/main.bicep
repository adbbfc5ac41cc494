metadata description = 'Postrum, the mail room: everything that one deployment needs. infra/README.md explains the choices.'

targetScope = 'subscription'

import { mailboxAccessMode, principalKind } from 'app/types.bicep'

@description('Required. Name of the azd environment; the names of all resources are made from it.')
@minLength(1)
@maxLength(60)
param environmentName string

@description('Required. Region of all resources: one that offers Flex Consumption.')
@allowed([
  'australiaeast'
  'australiasoutheast'
  'brazilsouth'
  'canadacentral'
  'centralindia'
  'centralus'
  'eastasia'
  'eastus'
  'eastus2'
  'francecentral'
  'germanywestcentral'
  'italynorth'
  'japaneast'
  'koreacentral'
  'northcentralus'
  'northeurope'
  'norwayeast'
  'southafricanorth'
  'southcentralus'
  'southeastasia'
  'southindia'
  'spaincentral'
  'swedencentral'
  'uaenorth'
  'uksouth'
  'ukwest'
  'westcentralus'
  'westeurope'
  'westus'
  'westus2'
  'westus3'
])
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Optional. Object id of who deploys. A person becomes Owner of the console; empty: nobody does.')
param principalId string = ''

@description('Optional. Kind of who deploys. In a pipeline: ServicePrincipal.')
param principalType principalKind = 'User'

@description('Optional. False where who deploys may not write to Entra: then infra/entra/register.sh or register.ps1 does that part.')
param directoryAccess bool = true

@description('Optional. Client id of the app registration that the script made. Read only where directoryAccess is false.')
param appClientId string = ''

@description('Optional. Object id of its service principal. Read only where directoryAccess is false.')
param servicePrincipalId string = ''

@description('Optional. How mailboxes are opened. tenantWide opens every mailbox of the tenant to the app.')
param mailboxAccess mailboxAccessMode = 'scoped'

@description('Optional. Let the app send mail from every mailbox. Read only where mailboxAccess is tenantWide; Exchange scopes it otherwise.')
param sendMail bool = false

@description('Optional. Let the app sign in to IMAP. Which mailboxes it opens there is for Exchange to say.')
param imapAccess bool = false

@description('Optional. Accounts may sign in for a mailbox that is read with their rights. False: only people with a role in the console can sign in at all.')
param mailboxSignIn bool = true

@description('Optional. Administrators of other tenants may connect their mailboxes, by the consent link.')
param multiTenant bool = false

@description('Optional. Address at which people reach the console, such as https://mailroom.company.com, where it is not the one that Azure gives. No slash at the end.')
param publicUrl string = ''

@description('Optional. Client id of the OAuth client for Gmail mailboxes. Empty: Gmail cannot be connected.')
param googleClientId string = ''

@description('Optional. Name of a secret in the vault with certificate and key (PEM) of the app registration, where the managed identity cannot sign for it. Empty: the identity signs.')
param appCertificate string = ''

@description('Optional. Memory of one instance in MB. More memory costs more per second and works faster.')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int = 2048

@description('Optional. Most instances at a time: the ceiling of what a flood of mail can cost.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Optional. Instances that are kept running, such as `http=1,function:mailbox=1`. Each costs money every hour, used or not: docs/costs.md has the price. Empty: none, so the first request after a pause waits for a start.')
param alwaysReady string = ''

@description('Optional. Largest mail that is archived, in MiB.')
@minValue(1)
@maxValue(150)
param mailLimitMib int = 150

@description('Optional. NCRONTAB expression of the timer, six fields.')
@minLength(11)
param tickSchedule string = '0 * * * * *'

@description('Optional. Networks that webhooks may reach although they are not public, separated by commas.')
param allowedNetworks string = ''

@description('Optional. Address of a mailbox that the app must not be able to read: it is tried, and refused, to prove the scope. Empty: none is tried.')
param probeMailbox string = ''

@description('Optional. How often, and how far apart, Azure keeps the archive and the tables.')
@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_RAGRS'
  'Standard_GZRS'
  'Standard_RAGZRS'
])
param dataRedundancy string = 'Standard_LRS'

@description('Optional. Encrypt storage a second time below the service. Can be decided only at the first deployment.')
param infrastructureEncryption bool = false

@description('Optional. Days after which an archived mail moves to the Cool tier; 0: never. Moving costs per blob, so it pays off slowly for small mails.')
@minValue(0)
@maxValue(36500)
param coolAfterDays int = 180

@description('Optional. A company may erase mails, as the law on personal data can ask. Must be false where archiveImmutabilityDays is set.')
param allowErasure bool = true

@description('Optional. Days that nobody can change or delete an archived mail; 0: no such policy. Excludes erasure.')
@minValue(0)
@maxValue(146000)
param archiveImmutabilityDays int = 0

@description('Optional. Days that nobody can change or delete an anchor of the audit log; 0: no such policy.')
@minValue(0)
@maxValue(146000)
param auditImmutabilityDays int = 365

@description('Optional. Nobody can remove the vault for good before its 90 days are over. Cannot be taken back, and `azd down --purge` cannot remove the vault.')
param vaultPurgeProtection bool = false

@description('Optional. Gigabytes of telemetry per day after which nothing more is taken in that day, and alerts see nothing.')
@minValue(1)
@maxValue(100)
param telemetryDailyCapGb int = 1

@description('Optional. Days that telemetry is kept.')
@minValue(30)
@maxValue(730)
param telemetryRetentionDays int = 30

@description('Optional. Log every read of an archived mail too, not only deletions. About 1 KB of telemetry for each.')
param logArchiveReads bool = false

@description('Optional. Address that alerts are sent to. Empty: alerts show in the portal only, and there is no budget.')
param alertEmail string = ''

@description('Optional. Minutes without a successful run of a mailbox after which Postrum raises an alert; never less than three of its runs.')
@minValue(5)
@maxValue(10080)
param silentMinutes int = 60

@description('Optional. Minutes without a successful run of the timer after which Azure raises an alert: Postrum itself cannot tell that it does not run.')
@allowed([
  15
  30
  45
])
param stoppedMinutes int = 30

@description('Optional. Budget of a month, in the currency of the subscription; 0: none. It warns, it does not stop anything.')
@minValue(0)
param budgetAmount int = 50

@description('Optional. First day of the first month of the budget, as 2026-11-01. The hook sets it once: Azure does not let it change.')
param budgetStart string = ''

@description('Optional. Not to be set: the month of this deployment, for a budget without a start.')
param thisMonth string = utcNow('yyyy-MM-01')

@description('Optional. Put the app into a virtual network: private end points for storage and vault, and one fixed outbound address. It costs every hour: docs/costs.md.')
param virtualNetwork bool = false

@description('Optional. Addresses of the virtual network, at least a /25.')
param networkAddresses string = '10.60.0.0/24'

var abbreviations = loadJsonContent('abbreviations.json')
var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = {
  'azd-env-name': environmentName
}
var functionAppName = '${abbreviations.functionApp}postrum-${token}'
var packageContainer = 'app-package'

var alwaysReadyParts = filter(split(alwaysReady, ','), part => !empty(trim(part)))
var alwaysReadyGroups = map(alwaysReadyParts, part => {
  name: trim(split(part, '=')[0])
  instanceCount: int(trim(split(part, '=')[1]))
})

var immutabilityDays = archiveImmutabilityDays > 0 && allowErasure
  ? fail('archiveImmutabilityDays and allowErasure exclude each other: what nobody can delete cannot be erased. Set POSTRUM_ALLOW_ERASURE to false, or POSTRUM_ARCHIVE_IMMUTABILITY_DAYS to 0.')
  : archiveImmutabilityDays

var mailPermissions = sendMail ? ['Mail.ReadWrite', 'Mail.Send'] : ['Mail.ReadWrite']

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: '${abbreviations.resourceGroup}${environmentName}'
  location: location
  tags: tags
}

module identity 'app/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: '${abbreviations.managedIdentity}postrum-${token}'
    location: location
    tags: tags
  }
}

module monitoring 'app/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: '${abbreviations.logAnalyticsWorkspace}postrum-${token}'
    insightsName: '${abbreviations.applicationInsights}postrum-${token}'
    location: location
    tags: tags
    dailyCapGb: telemetryDailyCapGb
    retentionDays: telemetryRetentionDays
  }
}

module hostStorage 'app/storage-host.bicep' = {
  name: 'host-storage'
  scope: group
  params: {
    name: '${abbreviations.storageHost}${token}'
    location: location
    tags: tags
    packageContainer: packageContainer
    infrastructureEncryption: infrastructureEncryption
    isPrivate: virtualNetwork
  }
}

module dataStorage 'app/storage-data.bicep' = {
  name: 'data-storage'
  scope: group
  params: {
    name: '${abbreviations.storageData}${token}'
    location: location
    tags: tags
    redundancy: dataRedundancy
    infrastructureEncryption: infrastructureEncryption
    isPrivate: virtualNetwork
    coolAfterDays: coolAfterDays
    immutabilityDays: immutabilityDays
    auditImmutabilityDays: auditImmutabilityDays
    logReads: logArchiveReads
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'app/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: '${abbreviations.keyVault}${token}'
    location: location
    tags: tags
    purgeProtection: vaultPurgeProtection
    isPrivate: virtualNetwork
    workspaceId: monitoring.outputs.workspaceId
  }
}

module roles 'app/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    principalId: identity.outputs.principalId
    hostStorageName: hostStorage.outputs.name
    dataStorageName: dataStorage.outputs.name
    vaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
  }
}

module network 'app/network.bicep' = if (virtualNetwork) {
  name: 'network'
  scope: group
  params: {
    name: '${abbreviations.virtualNetwork}postrum-${token}'
    gatewayName: '${abbreviations.natGateway}postrum-${token}'
    addressName: '${abbreviations.publicAddress}postrum-${token}'
    location: location
    tags: tags
    addressPrefix: networkAddresses
  }
}

module endpoints 'app/endpoints.bicep' = if (virtualNetwork) {
  name: 'endpoints'
  scope: group
  params: {
    namePrefix: '${abbreviations.privateEndpoint}postrum-'
    location: location
    tags: tags
    subnetId: network!.outputs.privateSubnetId
    zones: network!.outputs.zones
    hostStorageId: hostStorage.outputs.id
    dataStorageId: dataStorage.outputs.id
    vaultId: vault.outputs.id
  }
}

module registration 'entra/registration.bicep' = if (directoryAccess) {
  name: 'registration'
  scope: group
  params: {
    uniqueName: 'postrum-${token}'
    displayName: 'Postrum (${environmentName})'
    hostName: '${functionAppName}.azurewebsites.net'
    publicUrl: publicUrl
    identityPrincipalId: identity.outputs.principalId
    mailboxAccess: mailboxAccess
    sendMail: sendMail
    mailboxSignIn: mailboxSignIn
    multiTenant: multiTenant
  }
}

module mailPermission 'entra/mail-permissions.bicep' = if (directoryAccess && mailboxAccess == 'tenantWide') {
  name: 'mail-permissions'
  scope: group
  params: {
    servicePrincipalId: registration!.outputs.servicePrincipalId
    permissions: mailPermissions
  }
}

module imapPermission 'entra/imap-permission.bicep' = if (directoryAccess && imapAccess) {
  name: 'imap-permission'
  scope: group
  params: {
    servicePrincipalId: registration!.outputs.servicePrincipalId
  }
}

module owner 'entra/owner.bicep' = if (directoryAccess && principalType == 'User' && !empty(principalId)) {
  name: 'owner'
  scope: group
  params: {
    servicePrincipalId: registration!.outputs.servicePrincipalId
    ownerId: principalId
  }
}

module app 'app/function.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: functionAppName
    planName: '${abbreviations.plan}postrum-${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    appClientId: directoryAccess ? registration!.outputs.clientId : appClientId
    hostStorageName: hostStorage.outputs.name
    dataStorageName: dataStorage.outputs.name
    packageContainer: packageContainer
    vaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReady: alwaysReadyGroups
    mailLimitMib: mailLimitMib
    tickSchedule: tickSchedule
    allowedNetworks: allowedNetworks
    probeMailbox: probeMailbox
    publicUrl: publicUrl
    googleClientId: googleClientId
    appCertificate: appCertificate
    silentMinutes: silentMinutes
    mailboxAccess: mailboxAccess
    mailboxSignIn: mailboxSignIn
    subnetId: virtualNetwork ? network!.outputs.appSubnetId : ''
    outboundAddresses: virtualNetwork ? network!.outputs.address : ''
  }
  dependsOn: [
    roles
    endpoints
  ]
}

module alerts 'app/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    namePrefix: 'postrum-'
    actionGroupName: '${abbreviations.actionGroup}postrum-${token}'
    budgetName: '${abbreviations.budget}postrum-${token}'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    email: alertEmail
    stoppedMinutes: stoppedMinutes
    budgetAmount: budgetAmount
    budgetStart: empty(budgetStart) ? thisMonth : budgetStart
  }
}

module workbook 'app/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: tags
    title: 'Postrum (${environmentName})'
    workspaceId: monitoring.outputs.workspaceId
  }
}

@description('Region.')
output AZURE_LOCATION string = location

@description('Entra tenant.')
output AZURE_TENANT_ID string = tenant().tenantId

@description('Resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Function app that azd deploys to.')
output SERVICE_APP_NAME string = app.outputs.name

@description('Address of the app as Azure gives it.')
output POSTRUM_URL string = app.outputs.url

@description('Name that finds the app registration again.')
output POSTRUM_UNIQUE_NAME string = 'postrum-${token}'

@description('Client id of the app registration; empty until there is one.')
output POSTRUM_APP_CLIENT_ID string = directoryAccess ? registration!.outputs.clientId : appClientId

@description('Object id of the service principal; empty until there is one.')
output POSTRUM_SERVICE_PRINCIPAL_ID string = directoryAccess
  ? registration!.outputs.servicePrincipalId
  : servicePrincipalId

@description('Object id of the managed identity that signs for the registration.')
output POSTRUM_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId

@description('How mailboxes are opened.')
output POSTRUM_MAILBOX_ACCESS string = mailboxAccess

@description('Fixed addresses that calls come from; empty without a virtual network: then no address is promised.')
output OUTBOUND_ADDRESSES string = virtualNetwork ? network!.outputs.address : ''
