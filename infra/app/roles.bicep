metadata description = 'What the managed identity may do: data roles, each on one resource. infra/roles.json says what each is for.'

@description('Required. Object id of the managed identity.')
param principalId string

@description('Required. Name of the storage account of the host.')
param hostStorageName string

@description('Required. Name of the storage account of the product.')
param dataStorageName string

@description('Required. Name of the vault.')
param vaultName string

@description('Required. Name of Application Insights.')
param insightsName string

var roles = loadJsonContent('../roles.json')

var hostRoles = [
  roles.storageBlobDataOwner.id
  roles.storageQueueDataContributor.id
  roles.hostTableDataContributor.id
]

var dataRoles = [
  roles.storageBlobDataContributor.id
  roles.dataTableDataContributor.id
]

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

resource onHostStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in hostRoles: {
    scope: hostStorage
    name: guid(hostStorage.id, principalId, role)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource onDataStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in dataRoles: {
    scope: dataStorage
    name: guid(dataStorage.id, principalId, role)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource onVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, principalId, roles.keyVaultSecretsOfficer.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsOfficer.id)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource onInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, principalId, roles.monitoringMetricsPublisher.id)
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.monitoringMetricsPublisher.id
    )
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
