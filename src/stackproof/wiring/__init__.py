"""The composition root: from settings to concrete adapters. The one package that knows them all."""
