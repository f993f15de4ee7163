"""Stand-ins for the CRM and the providers: processes of their own, spoken to over HTTP and SMTP only."""
