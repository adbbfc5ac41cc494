metadata description = 'Private end points of storage and vault in the virtual network.'

import { privateZones } from 'types.bicep'

@description('Required. What the names of the end points begin with.')
@minLength(1)
@maxLength(60)
param namePrefix string

@description('Required. Region.')
param location string

@description('Required. Tags of every resource.')
param tags object

@description('Required. Subnet of the end points.')
param subnetId string

@description('Required. Private DNS zones by service.')
param zones privateZones

@description('Required. Resource id of the storage account of the host.')
param hostStorageId string

@description('Required. Resource id of the storage account of the product.')
param dataStorageId string

@description('Required. Resource id of the vault.')
param vaultId string

var endpoints = [
  {
    name: 'host-blob'
    target: hostStorageId
    group: 'blob'
    zone: zones.blob
  }
  {
    name: 'host-queue'
    target: hostStorageId
    group: 'queue'
    zone: zones.queue
  }
  {
    name: 'host-table'
    target: hostStorageId
    group: 'table'
    zone: zones.table
  }
  {
    name: 'data-blob'
    target: dataStorageId
    group: 'blob'
    zone: zones.blob
  }
  {
    name: 'data-table'
    target: dataStorageId
    group: 'table'
    zone: zones.table
  }
  {
    name: 'vault'
    target: vaultId
    group: 'vault'
    zone: zones.vault
  }
]

resource privateEndpoints 'Microsoft.Network/privateEndpoints@2024-05-01' = [
  for endpoint in endpoints: {
    name: '${namePrefix}${endpoint.name}'
    location: location
    tags: tags
    properties: {
      subnet: {
        id: subnetId
      }
      privateLinkServiceConnections: [
        {
          name: endpoint.name
          properties: {
            privateLinkServiceId: endpoint.target
            groupIds: [
              endpoint.group
            ]
          }
        }
      ]
    }
  }
]

resource zoneGroups 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [
  for (endpoint, index) in endpoints: {
    parent: privateEndpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: endpoint.group
          properties: {
            privateDnsZoneId: endpoint.zone
          }
        }
      ]
    }
  }
]
