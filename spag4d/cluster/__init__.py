"""More than one machine: shares of the work, claims on a shared folder, a scheduler, and Ray's workers for it."""
