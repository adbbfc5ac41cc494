metadata description = 'Makes one person Owner of the console, so that somebody can let the others in.'

extension microsoftGraphV1

@description('Required. Object id of the service principal of the app registration.')
param servicePrincipalId string

@description('Required. Object id of the person.')
param ownerId string

var ownerRole = filter(loadJsonContent('app-roles.json'), role => role.value == 'Owner')[0].id

resource owner 'Microsoft.Graph/appRoleAssignedTo@v1.0' = {
  appRoleId: ownerRole
  principalId: ownerId
  resourceId: servicePrincipalId
}
