metadata description = 'Alerts on what the app logs, and on cost. Without an e-mail address they show in the portal only.'

@description('Required. What the names of the alerts begin with.')
@minLength(1)
@maxLength(60)
param namePrefix string

@description('Required. Name of the action group.')
@minLength(1)
@maxLength(260)
param actionGroupName string

@description('Required. Name of the budget.')
@minLength(1)
@maxLength(63)
param budgetName string

@description('Required. Region.')
param location string

@description('Required. Tags of every resource.')
param tags object

@description('Required. Workspace that the app logs to.')
param workspaceId string

@description('Required. Address that alerts are sent to; empty: none.')
param email string

@description('Required. Minutes without a successful run of the timer after which there is an alert.')
@allowed([
  15
  30
  45
])
param stoppedMinutes int

@description('Required. Budget of a month, in the currency of the subscription; 0: no budget.')
@minValue(0)
param budgetAmount int

@description('Required. First day of the first month of the budget. Must stay as it was.')
param budgetStart string

@description('Each query gives rows only when there is something to say. `columns`: one notice for each of their values. `lasts`: it goes on until the query finds nothing any more; otherwise each time is told, and nothing is resolved.')
var rules = [
  {
    name: 'no-run'
    title: 'Postrum does nothing'
    text: 'The timer did not run without an error for ${stoppedMinutes} minutes. No mail is fetched.'
    severity: 1
    query: loadTextContent('queries/no-run.kql')
    window: 'PT${stoppedMinutes}M'
    columns: []
    lasts: true
  }
  {
    name: 'alerts'
    title: 'Postrum raised or cleared an alert'
    text: 'What it is, and what to do, stands in the console: a mailbox that is silent, a sign-in that ended, something that is parked for a person, a mailbox that is open and should not be.'
    severity: 2
    query: loadTextContent('queries/alerts.kql')
    window: 'PT30M'
    columns: [
      'What'
      'Kind'
      'Company'
      'Mailbox'
    ]
    lasts: false
  }
  {
    name: 'deliveries'
    title: 'A subscriber gets no notifications'
    text: 'Every try of the last half hour failed, or the subscriber is not called any more.'
    severity: 2
    query: loadTextContent('queries/deliveries.kql')
    window: 'PT30M'
    columns: []
    lasts: true
  }
  {
    name: 'defects'
    title: 'An error that nobody foresaw'
    text: 'A defect of Postrum, or of what it stands on. The traceback is in AppExceptions.'
    severity: 2
    query: loadTextContent('queries/defects.kql')
    window: 'PT15M'
    columns: []
    lasts: true
  }
]

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'Postrum'
    enabled: true
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: '${namePrefix}${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.title
      description: rule.text
      severity: rule.severity
      enabled: true
      autoMitigate: rule.lasts
      skipQueryValidation: true
      scopes: [
        workspaceId
      ]
      evaluationFrequency: 'PT15M'
      windowSize: rule.window
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            dimensions: map(rule.columns, column => {
              name: column
              operator: 'Include'
              values: [
                '*'
              ]
            })
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: empty(email) ? [] : [actionGroup.id]
      }
    }
  }
]

resource budget 'Microsoft.Consumption/budgets@2023-11-01' = if (budgetAmount > 0 && !empty(email)) {
  name: budgetName
  properties: {
    category: 'Cost'
    amount: budgetAmount
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: budgetStart
    }
    notifications: {
      spent80: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: [
          email
        ]
      }
      forecast100: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: [
          email
        ]
      }
    }
  }
}
