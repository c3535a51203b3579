"""The Fivetran connection that lands ProHandel, as code."""
