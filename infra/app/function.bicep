metadata description = 'The function app on the Flex Consumption plan, with all its settings. shared/settings.py reads them.'

import { alwaysReadyGroup } from 'types.bicep'

@description('Required. Name of the function app: 2 to 60 letters, digits and hyphens, unique in Azure.')
@minLength(2)
@maxLength(60)
param name string

@description('Required. Name of the plan.')
@minLength(1)
@maxLength(40)
param planName string

@description('Required. Region.')
param location string

@description('Required. Tags of every resource.')
param tags object

@description('Required. Resource id of the managed identity.')
param identityId string

@description('Required. Client id of the managed identity.')
param identityClientId string

@description('Required. Client id of the app registration; empty until there is one.')
param appClientId string

@description('Required. Name of the storage account of the host.')
param hostStorageName string

@description('Required. Name of the storage account of the product.')
param dataStorageName string

@description('Required. Container that deployments are written to.')
param packageContainer string

@description('Required. Name of the vault.')
param vaultName string

@description('Required. Name of Application Insights.')
param insightsName string

@description('Required. Memory of one instance in MB.')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int

@description('Required. Most instances at a time.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int

@description('Required. Instances that are kept running.')
param alwaysReady alwaysReadyGroup[]

@description('Required. Largest mail that is archived, in MiB.')
@minValue(1)
@maxValue(150)
param mailLimitMib int

@description('Required. NCRONTAB expression of the timer, six fields.')
param tickSchedule string

@description('Required. Networks that webhooks may reach although they are not public, separated by commas.')
param allowedNetworks string

@description('Required. Address of a mailbox that the app must not be able to read; empty: none is tried.')
param probeMailbox string

@description('Required. Address at which people reach the console; empty: the one that Azure gives.')
param publicUrl string

@description('Required. Client id of the OAuth client for Gmail mailboxes; empty: none.')
param googleClientId string

@description('Required. Name of a secret with certificate and key of the app registration; empty: the managed identity signs.')
param appCertificate string

@description('Required. Minutes without a successful run of a mailbox after which Postrum raises an alert.')
@minValue(5)
@maxValue(10080)
param silentMinutes int

@description('Required. scoped or tenantWide: whether an administrator may be asked to open every mailbox of a tenant.')
param mailboxAccess string

@description('Required. Whether the app registration declares what accounts that sign in need.')
param mailboxSignIn bool

@description('Required. Subnet of the instances; empty: no virtual network.')
param subnetId string

@description('Required. The fixed addresses that calls come from, separated by commas; empty: there are none.')
param outboundAddresses string

resource hostStorage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: hostStorageName
}

resource dataStorage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: dataStorageName
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

var platformSettings = {
  APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
}

var productSettings = {
  AzureWebJobsStorage__blobServiceUri: hostStorage.properties.primaryEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: hostStorage.properties.primaryEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: hostStorage.properties.primaryEndpoints.table
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  DATA_STORAGE__blobServiceUri: dataStorage.properties.primaryEndpoints.blob
  DATA_STORAGE__tableServiceUri: dataStorage.properties.primaryEndpoints.table
  POSTRUM_TENANT_ID: tenant().tenantId
  POSTRUM_APP_CLIENT_ID: appClientId
  POSTRUM_IDENTITY_CLIENT_ID: identityClientId
  POSTRUM_KEY_VAULT_URI: vault.properties.vaultUri
  POSTRUM_GRAPH_URL: 'https://graph.microsoft.com/v1.0'
  POSTRUM_AUTHORITY: environment().authentication.loginEndpoint
  POSTRUM_ALLOWED_NETWORKS: allowedNetworks
  POSTRUM_PROBE_MAILBOX: probeMailbox
  POSTRUM_FUNCTION_SECONDS: '600'
  POSTRUM_MAIL_LIMIT_MIB: string(mailLimitMib)
  POSTRUM_TICK_SCHEDULE: tickSchedule
  POSTRUM_MAILBOX_ACCESS: mailboxAccess
  POSTRUM_MAILBOX_SIGN_IN: string(mailboxSignIn)
  POSTRUM_PUBLIC_URL: publicUrl
  POSTRUM_GOOGLE_CLIENT_ID: googleClientId
  POSTRUM_APP_CERTIFICATE: appCertificate
  POSTRUM_SILENT_MINUTES: string(silentMinutes)
}

@description('Only a NAT gateway gives fixed addresses; without one nothing is claimed.')
var networkSettings = empty(outboundAddresses)
  ? {}
  : {
      POSTRUM_OUTBOUND_ADDRESSES: outboundAddresses
    }

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      appSettings: [
        for setting in items(union(platformSettings, productSettings, networkSettings)): {
          name: setting.key
          value: setting.value
        }
      ]
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostStorage.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady
      }
    }
  }
}

resource ftpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource scmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

@description('Name of the function app.')
output name string = app.name

@description('Address of the console and the API.')
output url string = 'https://${app.properties.defaultHostName}'
