export const ui = {
  appName: 'Knowledge Assistant',
  close: 'Close',
  cancel: 'Cancel',
  save: 'Save',
  clear: 'Clear',
  loading: 'Loading',
  tryAgain: 'Try again',
  notifications: 'Notifications',
  somethingWentWrong: 'Something went wrong',
};
