metadata description = 'Storage of the product: the archive, the tables, and the anchors of the audit log.'

@description('Required. Name of the account: 3 to 24 lower-case letters and digits, unique in Azure.')
@minLength(3)
@maxLength(24)
param name string

@description('Required. Region.')
param location string

@description('Required. Tags of every resource.')
param tags object

@description('Required. How often, and how far apart, Azure keeps the data.')
@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_RAGRS'
  'Standard_GZRS'
  'Standard_RAGZRS'
])
param redundancy string

@description('Required. Encrypt a second time below the service. Can be decided only when the account is created.')
param infrastructureEncryption bool

@description('Required. Close the public end point; only the virtual network reaches the account.')
param isPrivate bool

@description('Required. Days after which an archived mail moves to the Cool tier; 0: never.')
@minValue(0)
@maxValue(36500)
param coolAfterDays int

@description('Required. Days that nobody can change or delete an archived mail; 0: no such policy.')
@minValue(0)
@maxValue(146000)
param immutabilityDays int

@description('Required. Days that nobody can change or delete an anchor of the audit log; 0: no such policy.')
@minValue(0)
@maxValue(146000)
param auditImmutabilityDays int

@description('Required. Log every read of a blob too, not only deletions.')
param logReads bool

@description('Required. Workspace that the log goes to.')
param workspaceId string

@description('The tables of shared/stores/layout.py.')
var tables = [
  'alerts'
  'claims'
  'config'
  'connections'
  'deliveries'
  'documents'
  'due'
  'lanes'
  'lookup'
  'members'
  'messages'
  'open'
  'parked'
  'series'
  'sessions'
  'timeline'
]

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: redundancy
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
    encryption: {
      keySource: 'Microsoft.Storage'
      requireInfrastructureEncryption: infrastructureEncryption
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: false
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource archive 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  parent: blobs
  name: 'archive'
  properties: {
    publicAccess: 'None'
  }
}

resource archivePolicy 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2024-01-01' = if (immutabilityDays > 0) {
  parent: archive
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: immutabilityDays
    allowProtectedAppendWrites: false
  }
}

resource audit 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  parent: blobs
  name: 'audit'
  properties: {
    publicAccess: 'None'
  }
}

resource auditPolicy 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2024-01-01' = if (auditImmutabilityDays > 0) {
  parent: audit
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: auditImmutabilityDays
    allowProtectedAppendWrites: true
  }
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2024-01-01' = if (coolAfterDays > 0) {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'archived-mail-to-cool'
          enabled: true
          type: 'Lifecycle'
          definition: {
            actions: {
              baseBlob: {
                tierToCool: {
                  daysAfterModificationGreaterThan: coolAfterDays
                }
              }
            }
            filters: {
              blobTypes: [
                'blockBlob'
              ]
              prefixMatch: [
                'archive/m/'
              ]
            }
          }
        }
      ]
    }
  }
  dependsOn: [
    archive
  ]
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2024-01-01' = {
  parent: account
  name: 'default'
}

resource productTables 'Microsoft.Storage/storageAccounts/tableServices/tables@2024-01-01' = [
  for table in tables: {
    parent: tableService
    name: table
  }
]

var loggedAlways = [
  {
    category: 'StorageDelete'
    enabled: true
  }
]

var loggedReads = [
  {
    category: 'StorageRead'
    enabled: true
  }
]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'postrum'
  properties: {
    workspaceId: workspaceId
    logs: logReads ? concat(loggedAlways, loggedReads) : loggedAlways
  }
}

@description('Resource id of the account.')
output id string = account.id

@description('Name of the account.')
output name string = account.name
