metadata description = 'Opens every mailbox of the tenant: assigns permissions of Microsoft Graph to the service principal. Deployed only where that was asked for.'

extension microsoftGraphV1

@description('Required. Object id of the service principal of the app registration.')
param servicePrincipalId string

@description('Required. Permissions of Microsoft Graph, such as Mail.ReadWrite.')
param permissions string[]

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource granted 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for permission in permissions: {
    appRoleId: filter(graph.appRoles, role => role.value == permission)[0].id
    principalId: servicePrincipalId
    resourceId: graph.id
  }
]
